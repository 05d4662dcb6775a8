import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Writable, type Duplex } from "node:stream";
import type Docker from "dockerode";
import type { Logger } from "pino";
import { ContainerRun } from "../../../schema/container-run.js";
import { projectPath } from "../../../schema/paths.js";
import { Unavailable } from "../../contract.js";
import { sendLine } from "../../processes/process-channel.js";
import {
  createInbox,
  createLastWords,
  createReceiver,
  createShow,
  untilReady,
  type NodeProcess,
  type NodeProgram,
} from "../process/node-process.js";
import type { StartContained } from "../process/start-node.js";
import type { ContainerHost, PreparedHost } from "./host.js";
import { findOwnImage, type OwnImage } from "./own-image.js";
import { bind, hardenedProfile, SAMPLE_FOLDER } from "./profile.js";
import { inspectState, ownerLabels } from "./resources.js";

const ISOLATION = "container: user 65534, no network, private /tmp, limits, system-call filter";

/** Starts processes in containers of the agent's own image: the fence of agents that run in a container themselves. */
export function createStartContained(host: ContainerHost, log: Logger, findImage = findOwnImage): StartContained {
  let hasWorked = false;
  let told = "";
  return async (program) => {
    try {
      const own = await findImage(host.daemon);
      const started = await startContained(host, own, program, log);
      hasWorked = true;
      return started;
    } catch (error) {
      // Once containers have worked, none of its processes runs without one, even if Docker is away for a moment.
      if (hasWorked || !(error instanceof Unavailable)) throw error;
      if (told !== error.message) log.info({ reason: error.message }, `Its ${program.name} cannot run in a container`);
      told = error.message;
      return undefined;
    }
  };
}

async function startContained(host: ContainerHost, own: OwnImage, program: NodeProgram, log: Logger): Promise<NodeProcess> {
  const prepared = await host.prepare();
  if (prepared.spoolHidden !== undefined) throw new Unavailable(`no container reads the spool: ${prepared.spoolHidden}`);
  const home = await mkdtemp(join(program.folder, `${program.name}-`));
  const shown = join(home, "files");
  await mkdir(shown);
  await chmod(shown, 0o755);
  let container: Docker.Container | undefined;
  let connection: Duplex | undefined;
  try {
    container = await createContainer(host, prepared, own, program, shown);
    const on = container;
    connection = (await host.daemon.ask("attach to a container", () =>
      on.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true }),
    )) as Duplex;
    return await follow(host, container, connection, { shown, home, log, program });
  } catch (error) {
    connection?.destroy();
    await cleanUp(host, container, home, log);
    throw error;
  }
}

/** In the profile that all engines have, with the program's limits. */
async function createContainer(
  host: ContainerHost,
  { lease, processors }: PreparedHost,
  { image, mounts }: OwnImage,
  { name, flags, program, files = [], limits }: NodeProgram,
  shown: string,
): Promise<Docker.Container> {
  const run = ContainerRun.parse({ image: "agent", mode: "exec", command: ["node"] });
  const { memory, files: open, pids, tmp } = limits;
  const profile = hardenedProfile(
    { ...run, limits: { ...run.limits, memory, files: open, pids, tmp, cpus: processors } },
    {
      image,
      labels: ownerLabels({ ...host.owner, engine: name, slot: basename(join(shown, "..")), lease }),
      network: "none",
      mounts: [...mounts, bind(shown, SAMPLE_FOLDER)],
      env: { LANG: "C.UTF-8" },
      seccomp: undefined,
      processors,
    },
  );
  return await host.daemon.ask("create a container", (docker, abortSignal) =>
    docker.createContainer({
      ...profile,
      Entrypoint: [process.execPath],
      Cmd: [...flags, projectPath(program), ...files],
      WorkingDir: "/tmp",
      OpenStdin: true,
      // Its input ends with the agent, and the container ends with its input.
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      abortSignal,
    }),
  );
}

async function follow(
  host: ContainerHost,
  container: Docker.Container,
  connection: Duplex,
  { shown, home, log, program }: { shown: string; home: string; log: Logger; program: NodeProgram },
): Promise<NodeProcess> {
  const inbox = createInbox();
  const words = createLastWords();
  const output = sink(createReceiver(inbox, { words, maxMessage: program.maxMessage, end: () => connection.destroy() }));
  // The end event follows the error.
  connection.on("error", () => undefined);
  connection.on("end", () => connection.destroy());
  container.modem.demuxStream(connection, output, sink(words.add));
  let isStopped = false;
  const closed = new Promise<void>((resolve) => connection.on("close", () => resolve()));
  const ended = closed.then(async () => words.describeEnd(isStopped ? "it was stopped" : await describeEnd(host, container)));
  // However it ends: a stopped container stays until somebody removes it.
  const gone = ended.then(() => cleanUp(host, container, home, log));
  await host.daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
  const started = {
    isolation: ISOLATION,
    send: (message: unknown, attached?: Uint8Array) => sendLine(connection, message, attached),
    show: createShow(shown, SAMPLE_FOLDER),
    ended,
    describeEnd: words.describeEnd,
    kill: () => void connection.destroy(),
    async stop() {
      isStopped = true;
      connection.destroy();
      await gone;
    },
  };
  return await untilReady(started, inbox, program);
}

function sink(take: (piece: Buffer) => void): Writable {
  return new Writable({
    write(piece: Buffer, _, done) {
      take(piece);
      done();
    },
  });
}

async function describeEnd({ daemon }: ContainerHost, container: Docker.Container): Promise<string> {
  try {
    const state = await inspectState(daemon, container);
    if (state === undefined) return "its container was removed";
    if (state.OOMKilled) return "out of memory";
    return state.Running ? "its connection broke" : `exit code ${state.ExitCode}`;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

/** Removes the container and the folder. If Docker cannot do it now, the host tries again later. */
async function cleanUp(host: ContainerHost, container: Docker.Container | undefined, home: string, log: Logger): Promise<void> {
  try {
    try {
      if (container !== undefined) await host.remove(container.id);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  } catch (error) {
    log.warn({ err: error }, "Cannot remove a container or its folder");
  }
}
