/**
 * What the agent's image does by `join` and `leave` on a host: the container that the line starts ends again; the agent runs in a
 * container of its own, which keeps its key on the host.
 */

import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { JoinError } from "../../schema/join-errors.js";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode } from "../contract.js";
import { readToken } from "../join/join-mesh.js";
import { DockerAway, DockerRefused, openDaemon, type DockerDaemon } from "../runners/container/docker.js";
import { inspectOwn } from "../runners/container/own-image.js";
import { removeContainer } from "../runners/container/resources.js";
import { agentOptions, folderOf, GATEWAY_LABEL, onceOptions, removalOptions, SOCKET, STOP_SECONDS } from "./agent-container.js";
import type { AgentPlace } from "./agent-container.js";
import { runOnce } from "./run-once.js";

type Say = (sentence: string) => void;

/** A step has said by itself what went wrong. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  constructor(readonly status: number) {
    super(`ended with status ${status}`);
  }
}

interface Host {
  readonly daemon: DockerDaemon;
  readonly place: AgentPlace;
  /** The agent's container, if there is one. */
  readonly existing: Docker.ContainerInspectInfo | undefined;
}

const NOT_JOINED = "This host has not joined a mesh yet: the line needs a token, which npm run hosts -- token makes.";
const REACHED_MS = 60_000;
const LOOK_MS = 250;

/**
 * Joins if a token is given, and starts the agent's container, or replaces it by one of this image. Throws `OperatorError`, and the
 * signal's reason once all is again as it was.
 */
export async function joinByContainer(token: string | undefined, say: Say, signal: AbortSignal): Promise<void> {
  const host = await lookAtHost();
  const { daemon, place, existing } = host;
  if (token === undefined && !existing) throw new OperatorError(NOT_JOINED);
  const gateway = token === undefined ? existing?.Config.Labels[GATEWAY_LABEL] : readToken(token).gateway;
  if (token !== undefined) {
    const status = await runOnce(daemon, onceOptions(place, ["enlist", token]), signal);
    if (status !== 0) throw new StepFailed(status);
  }
  const { name } = place;
  const options = agentOptions(place, gateway ?? "");
  if (!existing) await startAgent(daemon, options, say, signal);
  else {
    say(`The agent that runs in ${name} finishes what it has, within ${STOP_SECONDS} s.`);
    try {
      await setAside(daemon, name);
      signal.throwIfAborted();
      await startAgent(daemon, options, say, signal);
    } catch (error) {
      await putBack(daemon, name);
      if (signal.aborted) say(`The agent that was in ${name} before runs again.`);
      throw error;
    }
    await removeContainer(daemon, before(name));
  }
  say(
    `The agent runs in the container ${name} and starts again with the host: read-only, without capabilities, its key in ` +
      `${folderOf(name)}. docker logs ${name} shows its log; the line with leave in place of join removes it.`,
  );
}

/** Says goodbye to the mesh, and removes the agent's container and folder. Throws `OperatorError`. */
export async function leaveByContainer(say: Say, signal: AbortSignal): Promise<void> {
  const { daemon, place, existing } = await lookAtHost();
  if (!existing) throw new OperatorError(`There is no agent's container ${place.name} on this host.`);
  await stopContainer(daemon, place.name);
  if (signal.aborted) {
    await startContainer(daemon, place.name);
    throw signal.reason;
  }
  // If the mesh could not be told, the step has said so itself; the host is left all the same.
  await runOnce(daemon, onceOptions(place, ["leave"]), signal);
  await removeContainer(daemon, existing.Id);
  const status = await runOnce(daemon, removalOptions(place), signal);
  if (status !== 0) throw new StepFailed(status);
  say(`The container ${place.name} and ${folderOf(place.name)} are removed.`);
}

async function lookAtHost(): Promise<Host> {
  const daemon = openDaemon({ host: undefined, certificates: undefined, tls: false });
  const own = await reach(daemon);
  const image = await daemon.ask("show its image", (docker) => docker.getImage(own.Image).inspect());
  const { Name: host } = await daemon.ask("tell about itself", (docker) => docker.info() as Promise<{ Name: string }>);
  const given = settingsOf(own.Config.Env, image.Config.Env);
  const id = given.find((setting) => setting.startsWith("SCANMESH_AGENT_ID="))?.replace(/^[^=]*=/, "");
  const name = id === undefined ? "scanmesh-agent" : `scanmesh-agent-${id}`;
  await tidy(daemon, name);
  const existing = await find(daemon, name);
  const settings = mergeSettings(existing ? await keptSettings(daemon, existing) : [], given);
  const socket = own.Mounts.find(({ Destination }) => Destination === SOCKET)?.Source ?? SOCKET;
  return { daemon, existing, place: { name, image: own.Image, host: host.slice(0, 63), socket, settings } };
}

/** This container. Throws {@link JoinError} where the daemon cannot be used. */
async function reach(daemon: DockerDaemon): Promise<Docker.ContainerInspectInfo> {
  try {
    await daemon.ping();
  } catch (error) {
    if (!(error instanceof DockerAway)) throw error;
    throw new JoinError(hasCode(error.cause, "EACCES", "EPERM") ? "DOCKER_DENIED" : "DOCKER_MISSING", SOCKET, { cause: error });
  }
  return inspectOwn(daemon);
}

/** Settings that do not come with the image. The folders are left out: the joiner chooses them. */
function settingsOf(env: readonly string[], ofImage: readonly string[]): string[] {
  return env.filter(
    (entry) =>
      /^(SCANMESH_|LOG_LEVEL=|NATS_URL=)/.test(entry) &&
      !/^SCANMESH_(IDENTITY|SPOOL|BUNDLES)=/.test(entry) &&
      !ofImage.includes(entry),
  );
}

async function keptSettings(daemon: DockerDaemon, { Config, Image }: Docker.ContainerInspectInfo): Promise<string[]> {
  try {
    const image = await daemon.ask("show an image", (docker) => docker.getImage(Image).inspect());
    return settingsOf(Config.Env, image.Config.Env);
  } catch (error) {
    // Its image was removed, so nobody knows which settings came with it.
    if (error instanceof DockerRefused && error.status === 404) return [];
    throw error;
  }
}

function mergeSettings(kept: readonly string[], given: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.replace(/=.*$/s, "");
  const names = new Set(given.map(nameOf));
  return [...kept.filter((entry) => !names.has(nameOf(entry))), ...given];
}

async function find(daemon: DockerDaemon, name: string): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await daemon.ask("show a container", (docker) => docker.getContainer(name).inspect());
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return undefined;
    throw error;
  }
}

const before = (name: string) => `${name}-before`;

/** Cleans up after a joiner that was killed between two steps. */
async function tidy(daemon: DockerDaemon, name: string): Promise<void> {
  if (!(await find(daemon, before(name)))) return;
  if (await find(daemon, name)) await removeContainer(daemon, before(name));
  else await putBack(daemon, name);
}

async function setAside(daemon: DockerDaemon, name: string): Promise<void> {
  await stopContainer(daemon, name);
  await daemon.ask("rename a container", (docker) => docker.getContainer(name).rename({ name: before(name) }));
}

async function putBack(daemon: DockerDaemon, name: string): Promise<void> {
  if (await find(daemon, before(name)))
    await daemon.ask("rename a container", (docker) => docker.getContainer(before(name)).rename({ name }));
  await startContainer(daemon, name);
}

async function startContainer(daemon: DockerDaemon, name: string): Promise<void> {
  try {
    await daemon.ask("start a container", (docker) => docker.getContainer(name).start());
  } catch (error) {
    // It runs.
    if (!(error instanceof DockerRefused) || error.status !== 304) throw error;
  }
}

async function stopContainer(daemon: DockerDaemon, name: string): Promise<void> {
  const limitMs = (STOP_SECONDS + 15) * 1_000;
  try {
    await daemon.ask("stop a container", (docker) => docker.getContainer(name).stop({ t: STOP_SECONDS }), limitMs);
  } catch (error) {
    // It did not run.
    if (!(error instanceof DockerRefused) || error.status !== 304) throw error;
  }
}

/** Starts the agent, and waits until it has reached NATS. One that ends instead is removed. Throws `OperatorError`. */
async function startAgent(
  daemon: DockerDaemon,
  options: Docker.ContainerCreateOptions,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  const container = await daemon.ask("create a container", (docker) => docker.createContainer(options));
  try {
    await watchStart(daemon, container, say, signal);
  } catch (error) {
    await removeContainer(daemon, container.id);
    throw error;
  }
}

async function watchStart(daemon: DockerDaemon, container: Docker.Container, say: Say, signal: AbortSignal): Promise<void> {
  await daemon.ask("start a container", () => container.start());
  for (const end = Date.now() + REACHED_MS; Date.now() < end; await pause(LOOK_MS)) {
    signal.throwIfAborted();
    const { State, RestartCount } = await daemon.ask("show a container", () => container.inspect());
    if (State.Health?.Status === "healthy") return;
    if (RestartCount === 0 && State.Running) continue;
    const output = await daemon.ask("show a container's log", () => container.logs({ stdout: true, stderr: true, tail: 5 }));
    // Each line of the log has eight bytes of Docker's before it.
    const lines = output
      .toString()
      .split("\n")
      .flatMap((line) => (line.length > 8 ? [line.slice(8)] : []));
    throw new OperatorError(`The agent has ended: ${lines.join("\n")}`);
  }
  say(`The agent has not reached NATS within ${REACHED_MS / 1_000} s, and goes on trying.`);
}
