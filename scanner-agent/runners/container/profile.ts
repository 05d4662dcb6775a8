import type Docker from "dockerode";
import type { ContainerRun, Relax } from "../../../schema/container-run.js";

/** The group and user that own nothing. */
const NOBODY = "65534:65534";
/** Where an engine finds the sample: what malice's images call it. */
export const SAMPLE_FOLDER = "/malware";

/** What a container is made of besides its manifest. */
export interface ContainerParts {
  /** The image's id, so that it is the one that was looked at. */
  readonly image: string;
  readonly labels: Record<string, string>;
  /** The network of internet engines; `none` for isolated ones. */
  readonly network: string;
  readonly mounts: readonly Docker.MountSettings[];
  /** Variables beyond the manifest's. */
  readonly env: Readonly<Record<string, string>>;
  /** The text of the engine's own seccomp profile. */
  readonly seccomp: string | undefined;
  /** How many the Docker host has: a limit above that is refused. */
  readonly processors: number;
}

/** The hardened profile, with what the manifest loosens by name. */
export function hardenedProfile(run: ContainerRun, housing: ContainerParts): Docker.ContainerCreateOptions {
  const { limits, relax } = run;
  const shm = findRelaxation(relax, "shm");
  const tmpfs = `rw,nosuid,nodev,${findRelaxation(relax, "tmpExec") ? "exec" : "noexec"},size=${limits.tmp},mode=1777`;
  const seccomp = housing.seccomp === undefined ? [] : [`seccomp=${housing.seccomp}`];
  return {
    Image: housing.image,
    User: findRelaxation(relax, "user") ?? NOBODY,
    Labels: housing.labels,
    Env: Object.entries({ HOME: "/tmp", ...run.env, ...housing.env }).map(([name, value]) => `${name}=${value}`),
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: housing.network,
      ReadonlyRootfs: findRelaxation(relax, "writableRoot") === undefined,
      CapDrop: ["ALL"],
      CapAdd: findRelaxation(relax, "capabilities") ?? [],
      SecurityOpt: [...(findRelaxation(relax, "newPrivileges") ? [] : ["no-new-privileges"]), ...seccomp],
      PidsLimit: limits.pids,
      Memory: limits.memory,
      MemorySwap: limits.memory,
      NanoCpus: Math.round(Math.min(limits.cpus, housing.processors) * 1e9),
      Ulimits: [
        { Name: "nofile", Soft: limits.files, Hard: limits.files },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      Tmpfs: Object.fromEntries(["/tmp", ...run.scratch].map((folder) => [folder, tmpfs])),
      IpcMode: shm === undefined ? "none" : "private",
      ...(shm === undefined ? {} : { ShmSize: shm }),
      LogConfig: { Type: "none", Config: {} },
      Init: true,
      Mounts: [...housing.mounts],
      ...(run.runtime === undefined ? {} : { Runtime: run.runtime }),
    },
  };
}

/** What the manifest loosens, each with its reason; printed at start. */
export function describeRelaxations(relax: readonly Relax[]): string[] {
  return relax.map(({ why, ...what }) => {
    const [name, value] = Object.entries(what)[0] ?? [];
    return `${name}${value === true ? "" : ` ${String(value)}`} (${why})`;
  });
}

/** Which part of the profile it loosens. */
export function nameOf(relax: Relax): string {
  return Object.keys(relax).find((key) => key !== "why") ?? "";
}

type Relaxations = { [K in Relax as Exclude<keyof K, "why">]: K[Exclude<keyof K, "why"> & keyof K] };

/** What a manifest says of one part of the profile. */
export function findRelaxation<K extends keyof Relaxations>(relax: readonly Relax[], name: K): Relaxations[K] | undefined {
  const found = relax.find((one) => name in one);
  return found === undefined ? undefined : (found as unknown as Relaxations)[name];
}

/** A folder or file of the Docker host, shown at a path; it must be there. */
export function bind(from: string, at: string, writable = false): Docker.MountSettings {
  return { Type: "bind", Source: from, Target: at, ReadOnly: !writable };
}

/** What a manifest mounts: a path of the Docker host or a volume's name. */
export function toMount(from: string, at: string): Docker.MountSettings {
  return from.startsWith("/") ? bind(from, at) : { Type: "volume", Source: from, Target: at, ReadOnly: true };
}
