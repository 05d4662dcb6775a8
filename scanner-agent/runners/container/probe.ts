import { randomUUID } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { reasonOf, Unavailable, type RawOutput } from "../../contract.js";
import { DockerRefused, type DockerDaemon } from "./docker.js";
import { collectOutput } from "./output.js";
import { bind } from "./profile.js";
import { createProgramContainer, type Program } from "./program.js";
import { ownerLabels, removeContainer, type AgentIdentity } from "./resources.js";

const PROBE_MS = 60_000;
const OUTPUT = 64 * 1024;
const NONCE = "/nonce";
/** Interfaces that every network namespace has where the host uses tunnels; without a route they lead nowhere. */
const FALLBACK_TUNNELS = /^(tunl|sit|gre|gretap|erspan|ip_vti|ip6_vti|ip6tnl|ip6gre)0$/;

/** What the probe has proven of containers on this daemon. */
export interface Proof {
  /** One sentence each, for the agent's presence. */
  readonly proofs: readonly string[];
  /** Why containers cannot read the spool; undefined if they can. */
  readonly spoolHidden: string | undefined;
}

/** How the probe is run. */
export interface ProbeOptions {
  readonly daemon: DockerDaemon;
  readonly owner: AgentIdentity;
  readonly program: Program;
  readonly lease: string;
  readonly processors: number;
  /** A folder of the spool. */
  readonly folder: string;
}

/**
 * Runs a container of the isolated profile, which prints what it sees of the network, of its own privileges and of the spool.
 * Throws {@link Unavailable} if it can reach anything, or has a privilege that it must not have.
 */
export async function prove(options: ProbeOptions): Promise<Proof> {
  const nonce = randomUUID();
  const file = join(options.folder, "nonce");
  await writeFile(file, nonce);
  await chmod(file, 0o444);
  const outside = await runProbe(options, [], ["/proc/net/dev", "/proc/net/route", "/proc/self/status"]);
  checkNetwork(outside.stdout);
  checkPrivileges(outside.stdout);
  const spoolHidden = await checkSpool(options, file, nonce);
  return {
    proofs: [
      "an isolated container has no interface but lo, and no route",
      "a container has no capability, cannot gain one, and runs under seccomp as nobody",
      spoolHidden === undefined ? "a container reads the spool" : `no container reads the spool: ${spoolHidden}`,
    ],
    spoolHidden,
  };
}

/** Throws {@link Unavailable} if the network that the probe sees leads anywhere. */
export function checkNetwork(seen: string): void {
  const interfaces = [...seen.matchAll(/^\s*([\w.@-]+):(?:\s+\d+){16}\s*$/gm)].map(([, name]) => name ?? "");
  const others = interfaces.filter((name) => name !== "lo" && !FALLBACK_TUNNELS.test(name));
  const table = seen.split("\n");
  const heading = table.findIndex((line) => line.startsWith("Iface"));
  if (!interfaces.includes("lo") || heading === -1)
    throw new Unavailable("isolation is not proven: cannot read the network of the probe");
  if (others.length > 0)
    throw new Unavailable(`isolation is not proven: an isolated container has the interface ${others.join(", ")}`);
  const route = table[heading + 1] ?? "";
  if (/^\S+\t[0-9A-F]{8}\t/.test(route))
    throw new Unavailable(`isolation is not proven: an isolated container has a route (${route.trim()})`);
}

/** Throws {@link Unavailable} if the probe has more privileges than the profile allows. */
export function checkPrivileges(seen: string): void {
  const value = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(seen)?.[1];
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    if (!/^0+$/.test(value(name) ?? "")) throw new Unavailable(`the container profile does not hold: ${name} is ${value(name)}`);
  }
  for (const [name, expected] of [
    ["NoNewPrivs", "1"],
    ["Seccomp", "2"],
    ["Uid", "65534"],
  ] as const) {
    if (value(name) !== expected) throw new Unavailable(`the container profile does not hold: ${name} is ${value(name)}`);
  }
}

/** Says why a container cannot read the spool; undefined if it can. */
async function checkSpool(options: ProbeOptions, file: string, nonce: string): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runProbe(options, [bind(file, NONCE)], [NONCE]);
    if (exitCode === 0 && stdout === nonce) return undefined;
    return `in the container ${file} is another file than here`;
  } catch (error) {
    if (error instanceof DockerRefused) return reasonOf(error);
    throw error;
  }
}

async function runProbe(
  { daemon, owner, program, lease, processors }: ProbeOptions,
  mounts: Docker.MountSettings[],
  files: string[],
): Promise<RawOutput> {
  const container = await createProgramContainer(daemon, program, {
    processors,
    mounts,
    Labels: ownerLabels({ ...owner, engine: "probe", slot: "probe", lease }),
    Cmd: files,
    AttachStdout: true,
    AttachStderr: true,
  });
  try {
    const stream = await daemon.ask("attach to a container", () =>
      container.attach({ stream: true, stdout: true, stderr: true, hijack: true }),
    );
    const output = collectOutput(stream as NodeJS.ReadWriteStream as never, OUTPUT);
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    const text = await daemon.ask("run the probe", () => output.whole(), PROBE_MS);
    const { StatusCode } = (await daemon.ask("wait for a container", (_, abortSignal) => container.wait({ abortSignal }))) as {
      StatusCode: number;
    };
    return { exitCode: StatusCode, ...text };
  } finally {
    await removeContainer(daemon, container.id);
  }
}
