/** Checks a host before it joins, and for the doctor, so that each problem is named at once in one sentence. */

import { statfs } from "node:fs/promises";
import { connect } from "node:net";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { JoinError } from "../../schema/join-errors.js";
import { sizeText } from "../../schema/settings.js";
import { engineToken } from "../../schema/subjects.js";
import type { AgentConfig, JoinedAgent } from "../config.js";
import { hasCode, reasonOf, Unavailable } from "../contract.js";
import { listEngines } from "../engine/engine-set.js";
import { DockerRefused, openDaemon } from "../runners/container/docker.js";
import { GatewayBusy } from "./ask-gateway.js";
import { checkRenewal } from "./renew.js";

const GIB = 1024 ** 3;
/** What a host needs. A host of one gibibyte shows a little less, since the kernel keeps some. */
const NEEDED = { disk: 2 * GIB, memory: 0.9 * GIB, memoryWithClamav: 2.7 * GIB };
const CONNECT_MS = 5_000;

/** What the checks of a host depend on. */
export interface HostNeeds {
  readonly spool: string;
  readonly docker: AgentConfig["docker"];
  /** Whether an engine is on that runs in no other way than in a container. */
  readonly needsDocker: boolean;
  readonly runsClamav: boolean;
}

/** What the engines that are on need of their host. */
export async function hostNeeds(config: AgentConfig): Promise<HostNeeds> {
  const { engines } = await listEngines(config);
  const on = engines.filter(({ off }) => off === null);
  return {
    spool: config.spool,
    docker: config.docker,
    needsDocker: on.some(({ ways }) => ways.length > 0 && ways.every((way) => way === "container")),
    runsClamav: on.some(({ manifest }) => engineToken(manifest.name) === "clamav"),
  };
}

/** What a host has. */
interface Host {
  freeBytes(folder: string): Promise<number>;
  memoryBytes(): number;
}

/** What a container may have, or the whole host. */
const THIS_HOST: Host = { freeBytes, memoryBytes: () => Math.min(process.constrainedMemory() || totalmem(), totalmem()) };

const CHECKS = [checkDisk, checkMemory, checkDocker] as const;

/** Every reason why a host cannot run an agent, in the order of the checks. */
export async function checkHost(needs: HostNeeds, host = THIS_HOST): Promise<JoinError[]> {
  return findProblems(CHECKS.map((check) => () => check(needs, host)));
}

/** Why an agent that has joined is not let in, or cannot reach what it needs. */
export async function checkMembership(joined: JoinedAgent): Promise<JoinError[]> {
  return findProblems([() => checkGateway(joined), () => checkServers(joined)]);
}

async function checkGateway(joined: JoinedAgent): Promise<void> {
  try {
    await checkRenewal(joined);
  } catch (error) {
    if (error instanceof GatewayBusy) throw new JoinError("GATEWAY_UNREACHABLE", error.message, { cause: error });
    throw error;
  }
}

async function findProblems(checks: readonly (() => Promise<void>)[]): Promise<JoinError[]> {
  const found = await Promise.allSettled(checks.map((check) => check()));
  return found.flatMap((one) => {
    if (one.status === "fulfilled") return [];
    if (one.reason instanceof JoinError) return [one.reason];
    throw one.reason;
  });
}

async function checkDisk({ spool }: HostNeeds, host: Host): Promise<void> {
  const free = await host.freeBytes(spool);
  if (free < NEEDED.disk) throw new JoinError("DISK_TOO_SMALL", `${sizeText(free)} in ${spool}`);
}

/** Where a folder is, or will be once it is made. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(folder) === folder) throw error;
    return freeBytes(dirname(folder));
  }
}

async function checkMemory({ runsClamav }: HostNeeds, host: Host): Promise<void> {
  const have = host.memoryBytes();
  if (have < (runsClamav ? NEEDED.memoryWithClamav : NEEDED.memory)) throw new JoinError("MEMORY_TOO_SMALL", sizeText(have));
}

async function checkDocker({ docker, needsDocker }: HostNeeds): Promise<void> {
  if (!needsDocker) return;
  try {
    await openDaemon(docker).ping();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const isDenied = hasCode(error.cause, "EACCES", "EPERM") || (error instanceof DockerRefused && error.status === 403);
    throw new JoinError(isDenied ? "DOCKER_DENIED" : "DOCKER_MISSING", reasonOf(error), { cause: error });
  }
}

/** Throws {@link JoinError} if no server of NATS can be reached. */
export async function checkServers({ servers }: Pick<JoinedAgent, "servers">): Promise<void> {
  const answers = await Promise.all(servers.map(listens));
  if (!answers.includes(true)) throw new JoinError("BUS_UNREACHABLE", servers.join(", "));
}

function listens(server: string): Promise<boolean> {
  const { hostname, port } = new URL(/^\w+:\/\//.test(server) ? server : `nats://${server}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 4222), timeout: CONNECT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
