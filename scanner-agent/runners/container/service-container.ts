import { chmod, mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import type { EngineVersions } from "../../../schema/messages.js";
import { TimedOut, Unavailable, type Sample } from "../../contract.js";
import { within } from "../../within.js";
import { readVersion } from "../clamd/version.js";
import { command, stream, type Conversation } from "../clamd/protocol.js";
import { DockerRefused } from "./docker.js";
import { bind } from "./profile.js";
import type { ContainerEngine, Recipe } from "./recipe.js";
import { knock, lookUp, postSample } from "./web.js";

const POLL_MS = 100;
const ASK_MS = 10_000;
const LAST_WORDS = 4_096;
const LONGEST_SOCKET = 107;
/** How soon the end of a container is known after it has hung up. */
const END_MS = 2_000;

/** A long-lived container that is spoken to. */
export interface DaemonContainer {
  /** Resolves with what it said last when it has ended. */
  readonly ended: Promise<string>;
  /** Whether it has ended, and not because it was discarded. */
  endedByItself(): Promise<boolean>;
  isAnswering(): Promise<boolean>;
  versions(): Promise<EngineVersions>;
  scan(sample: Sample): Conversation;
  discard(): Promise<void>;
}

/** How it is spoken to. */
interface Speech {
  isAnswering(): Promise<boolean>;
  versions(): Promise<EngineVersions>;
  scan(sample: Sample): Conversation;
}

/** Starts it and waits until it answers. Throws {@link Unavailable} with what it said last. */
export async function startDaemonContainer(engine: ContainerEngine, recipe: Recipe, slot: string): Promise<DaemonContainer> {
  const { host, run } = engine;
  const { daemon } = host;
  const folder = join(recipe.folder, slot);
  // Whoever it runs as makes its socket there; nobody else reaches the folder.
  await mkdir(folder);
  await chmod(folder, 0o777);
  const container = await recipe.create(slot, {
    ...(run.command === undefined ? {} : { Cmd: run.command.map((word) => withSecrets(word, recipe.secrets)) }),
    mounts: run.socket === undefined ? [] : [bind(folder, dirname(run.socket), true)],
  });
  let discarded: Promise<void> | undefined;
  const discard = () => (discarded ??= host.remove(container.id).finally(() => rm(folder, { recursive: true, force: true })));

  try {
    const words = await listen(container, recipe, engine);
    let byItself = false;
    const ended = words.ended.then(async () => {
      byItself = discarded === undefined;
      return `${words.last() || "it said nothing"} (${await exitOf(engine, container)})`;
    });
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    const speech =
      run.socket === undefined
        ? await webOf(engine, container, recipe)
        : clamdOf(engine, recipe, join(folder, basename(run.socket)));
    await answers(speech, ended, run.ready, words.last);
    return {
      ...speech,
      ended,
      async endedByItself() {
        await Promise.race([words.ended, recipe.ready.events.lost, pause(END_MS, undefined, { ref: false })]);
        await daemon.ping();
        return byItself;
      },
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

function withSecrets(word: string, secrets: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\{secret:([a-z0-9-]+)\}/g, (whole, name: string) => secrets[name] ?? whole);
}

/** Keeps the last of what it prints; no log of the daemon's has it. */
async function listen(container: Docker.Container, { ready }: Recipe, { host }: ContainerEngine) {
  let kept = "";
  const output = (await host.daemon.ask("attach to a container", () =>
    container.attach({ stream: true, stdout: true, stderr: true, hijack: true }),
  )) as Duplex;
  const watch = ready.events.watch(container.id);
  output.on("data", (part: Buffer) => (kept = (kept + part.toString("utf8")).slice(-LAST_WORDS)));
  // A connection that breaks ends it as well as one that is closed.
  output.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => output.on("close", () => resolve()));
  output.on("end", () => output.destroy());
  void ended.then(watch.close);
  const last = () =>
    kept
      .replaceAll(/[^\n\x20-\x7e]+/g, "")
      .trim()
      .split("\n")
      .at(-1)
      ?.slice(0, 300) ?? "";
  return { ended, last };
}

async function exitOf({ host, run }: ContainerEngine, container: Docker.Container): Promise<string> {
  try {
    const { State } = await host.daemon.ask("show a container", (_, abortSignal) => container.inspect({ abortSignal }));
    if (State.OOMKilled) return `out of memory, ${run.limits.memory} bytes`;
    return State.Running ? "it still runs" : `exit status ${State.ExitCode}`;
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return "removed";
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

async function answers(speech: Speech, ended: Promise<string>, withinMs: number, last: () => string): Promise<void> {
  let over: string | undefined;
  void ended.then((words) => (over = words));
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await pause(POLL_MS)) {
    if (over !== undefined) throw new Unavailable(`its container ends: ${over}`);
    if (await speech.isAnswering()) return;
  }
  throw new Unavailable(
    `its container does not answer ${withinMs / 1000} s after its start; it said last: ${last() || "nothing"}`,
  );
}

function clamdOf({ name }: ContainerEngine, { ready }: Recipe, socket: string): Speech {
  if (ready.spoolHidden !== undefined) throw new Unavailable(`its socket cannot be shared: ${ready.spoolHidden}`);
  if (socket.length > LONGEST_SOCKET)
    throw new Unavailable(`the path ${socket} is too long for a socket: set a shorter SCANMESH_SPOOL`);
  const ask = async (word: string) => {
    const conversation = command(socket, word);
    try {
      return (await within(ASK_MS, conversation.reply)).replace(/\0$/, "");
    } catch (error) {
      throw error instanceof TimedOut ? new Unavailable(`clamd does not answer to ${word}`, { cause: error }) : error;
    } finally {
      conversation.hangUp();
    }
  };
  return {
    async isAnswering() {
      try {
        return (await ask("PING")) === "PONG";
      } catch (error) {
        if (error instanceof Unavailable) return false;
        throw error;
      }
    },
    versions: async () => readVersion(await ask("VERSION"), undefined),
    scan(sample) {
      if (sample.path === null) throw new Unavailable(`${name} needs the sample's bytes`);
      return stream(socket, sample.path);
    },
  };
}

async function webOf(
  { run, host, wantsBytes }: ContainerEngine,
  container: Docker.Container,
  { ready }: Recipe,
): Promise<Speech> {
  const { NetworkSettings } = await host.daemon.ask("show a container", (_, abortSignal) => container.inspect({ abortSignal }));
  const address = NetworkSettings.Networks[ready.network]?.IPAddress;
  if (!address || run.port === undefined) throw new Unavailable("its container has no address");
  const at = { host: address, port: run.port };
  return {
    isAnswering: () => knock(at),
    versions: () => Promise.resolve({ engine: null, signatures: null, signatureDate: null }),
    scan: (sample) =>
      wantsBytes && sample.path !== null
        ? postSample(at, sample.path, sample.sha256, sample.size, run.limits.output)
        : lookUp(at, sample.sha1, run.limits.output),
  };
}
