import { chmod, mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import type { EngineVersions } from "../../../schema/engine-versions.js";
import { Unavailable, type Sample } from "../../contract.js";
import { ask, isAnswering, readVersion, streamSample } from "../clamd/protocol.js";
import { untilAnswering, type Conversation } from "../conversation.js";
import { fillCommand } from "../fill-command.js";
import { bind } from "./profile.js";
import type { ContainerEngine, Recipe } from "./recipe.js";
import { inspectState } from "./resources.js";
import { isListening, lookUp, postSample } from "./web.js";

const POLL_MS = 100;
const LAST_WORDS = 4_096;
const LAST_ERRORS = 3;
const LONGEST_LINE = 300;
const LONGEST_SOCKET = 107;
/** The longest wait, after a hang-up, for Docker to report the container's end. */
const END_KNOWN_MS = 2_000;

/** How samples are given to it. */
interface Client {
  isAnswering(): Promise<boolean>;
  versions(): Promise<EngineVersions>;
  scan(sample: Sample): Conversation;
}

/** A long-lived container that scans samples over its socket or port. */
export interface ServiceContainer extends Client {
  /** Resolves with its last words when it has ended. */
  readonly ended: Promise<string>;
  /** Whether it has ended, and not because it was discarded. Throws {@link Unavailable} if Docker does not answer. */
  endedUnasked(): Promise<boolean>;
  discard(): Promise<void>;
}

/** Starts it and waits until it answers. Throws {@link Unavailable} with its last words. */
export async function startServiceContainer(engine: ContainerEngine, recipe: Recipe, slot: string): Promise<ServiceContainer> {
  const { host, run } = engine;
  const { daemon } = host;
  const folder = join(recipe.folder, slot);
  // The engine's user makes its socket there; the folders around it are closed to others.
  await mkdir(folder);
  await chmod(folder, 0o777);
  const container = await recipe.create(slot, {
    ...(run.command === undefined ? {} : { Cmd: fillCommand(run.command, { secrets: recipe.secrets }) }),
    mounts: run.socket === undefined ? [] : [bind(folder, dirname(run.socket), true)],
  });
  let discarded: Promise<void> | undefined;
  const discard = () => (discarded ??= host.remove(container.id).finally(() => rm(folder, { recursive: true, force: true })));

  try {
    const output = await followOutput(container, recipe, engine);
    let isEndUnasked = false;
    const ended = output.ended.then(async () => {
      isEndUnasked = discarded === undefined;
      return `${output.lastErrors() || output.lastLine() || "it said nothing"} (${await describeEnd(engine, container)})`;
    });
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    const client =
      run.socket === undefined
        ? await createWebClient(engine, container, recipe)
        : createClamdClient(engine, recipe, join(folder, basename(run.socket)));
    const starting = { ended, isAnswering: client.isAnswering };
    const options = { name: "its container", timeoutMs: run.ready, pollMs: POLL_MS, lastWords: output.lastLine };
    await untilAnswering(starting, options);
    return {
      ...client,
      ended,
      async endedUnasked() {
        await Promise.race([output.ended, recipe.docker.events.lost, pause(END_KNOWN_MS, undefined, { ref: false })]);
        await daemon.ping();
        return isEndUnasked;
      },
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/**
 * Keeps the end of what it prints, which Docker logs nowhere. Not by readline: it keeps a line of any length, and hostile samples
 * decide what is printed.
 */
async function followOutput(container: Docker.Container, { docker }: Recipe, { host }: ContainerEngine) {
  let kept = "";
  const output = (await host.daemon.ask("attach to a container", () =>
    container.attach({ stream: true, stdout: true, stderr: true, hijack: true }),
  )) as Duplex;
  const watch = docker.events.watch(container.id);
  output.on("data", (part: Buffer) => (kept = (kept + part.toString("utf8")).slice(-LAST_WORDS)));
  // "close" follows.
  output.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => output.on("close", () => resolve()));
  output.on("end", () => output.destroy());
  void ended.then(watch.close);
  const lastLine = () => printed(kept).at(-1)?.slice(0, LONGEST_LINE) ?? "";
  const lastErrors = () =>
    printed(kept)
      .filter((line) => /error/i.test(line))
      .slice(-LAST_ERRORS)
      .join("; ")
      .replaceAll("LibClamAV Error: ", "")
      .slice(0, LONGEST_LINE);
  return { ended, lastLine, lastErrors };
}

function printed(text: string): string[] {
  return text
    .replaceAll(/[^\n\x20-\x7e]+/g, "")
    .trim()
    .split("\n");
}

async function describeEnd({ host, run }: ContainerEngine, container: Docker.Container): Promise<string> {
  try {
    const state = await inspectState(host.daemon, container);
    if (state === undefined) return "removed";
    if (state.OOMKilled) return `out of memory, ${run.limits.memory} bytes`;
    return state.Running ? "still running" : `exit status ${state.ExitCode}`;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

function createClamdClient({ name }: ContainerEngine, { docker }: Recipe, socket: string): Client {
  if (docker.spoolHidden !== undefined) throw new Unavailable(`its socket cannot be shared: ${docker.spoolHidden}`);
  if (socket.length > LONGEST_SOCKET)
    throw new Unavailable(`the path ${socket} is too long for a socket: set a shorter SCANMESH_SPOOL`);
  return {
    isAnswering: () => isAnswering(socket),
    versions: async () => readVersion(await ask(socket, "VERSION"), undefined),
    scan(sample) {
      const conversation = streamSample(socket, sample);
      if (conversation === undefined) throw new Unavailable(`${name} needs the sample's bytes`);
      return conversation;
    },
  };
}

async function createWebClient(
  { run, host, wantsBytes }: ContainerEngine,
  container: Docker.Container,
  { docker }: Recipe,
): Promise<Client> {
  const { NetworkSettings } = await host.daemon.ask("show a container", (_, abortSignal) => container.inspect({ abortSignal }));
  const address = NetworkSettings.Networks[docker.network]?.IPAddress;
  if (!address || run.port === undefined) throw new Unavailable("its container has no address");
  const at = { host: address, port: run.port };
  return {
    isAnswering: () => isListening(at),
    versions: () => Promise.resolve({ engine: null, signatures: null, signatureDate: null }),
    scan: (sample) =>
      wantsBytes && (sample.path !== null || sample.bytes !== undefined)
        ? postSample(at, sample, run.limits.output)
        : lookUp(at, sample.sha1, run.limits.output),
  };
}
