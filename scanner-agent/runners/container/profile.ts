import type Docker from "dockerode";
import type { ContainerRun, Relax } from "../../../schema/container-run.js";

/** User and group that own nothing. */
const NOBODY = "65534:65534";
/** Where an engine finds the sample; the path that malice's images expect. */
export const SAMPLE_FOLDER = "/malware";

/** What a container needs besides its manifest. */
export interface ContainerParts {
  /** The image's id: by its name another image might be started than the one that was inspected. */
  readonly image: string;
  readonly labels: Record<string, string>;
  /** The network of internet engines; `none` for isolated ones. */
  readonly network: string;
  readonly mounts: readonly Docker.MountSettings[];
  /** Variables beyond the manifest's. */
  readonly env: Readonly<Record<string, string>>;
  /** The text of the engine's own seccomp profile. */
  readonly seccomp: string | undefined;
  /** Processors of the Docker host, which refuses a limit above that. */
  readonly processors: number;
}

/** The hardened profile, without what the manifest relaxes. */
export function hardenedProfile(run: ContainerRun, parts: ContainerParts): Docker.ContainerCreateOptions {
  const { limits, relax } = run;
  const shm = findRelaxation(relax, "shm");
  const tmpfs = `rw,nosuid,nodev,${findRelaxation(relax, "tmpExec") ? "exec" : "noexec"},size=${limits.tmp},mode=1777`;
  const seccomp = parts.seccomp === undefined ? [] : [`seccomp=${parts.seccomp}`];
  return {
    Image: parts.image,
    User: findRelaxation(relax, "user") ?? NOBODY,
    Labels: parts.labels,
    Env: Object.entries({ HOME: "/tmp", TZ: "UTC", ...run.env, ...parts.env }).map(([name, value]) => `${name}=${value}`),
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: parts.network,
      ReadonlyRootfs: findRelaxation(relax, "writableRoot") === undefined,
      CapDrop: ["ALL"],
      CapAdd: findRelaxation(relax, "capabilities") ?? [],
      SecurityOpt: [...(findRelaxation(relax, "newPrivileges") ? [] : ["no-new-privileges"]), ...seccomp],
      PidsLimit: limits.pids,
      Memory: limits.memory,
      MemorySwap: limits.memory,
      NanoCpus: Math.round(Math.min(limits.cpus, parts.processors) * 1e9),
      Ulimits: [
        { Name: "nofile", Soft: limits.files, Hard: limits.files },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      Tmpfs: Object.fromEntries(["/tmp", ...run.scratch].map((folder) => [folder, tmpfs])),
      IpcMode: shm === undefined ? "none" : "private",
      ...(shm === undefined ? {} : { ShmSize: shm }),
      LogConfig: { Type: "none", Config: {} },
      Init: true,
      Mounts: [...parts.mounts],
      ...(run.runtime === undefined ? {} : { Runtime: run.runtime }),
    },
  };
}

/** What a manifest relaxes of the profile, each with its reason. */
export function describeRelaxations(relax: readonly Relax[]): string[] {
  return relax.map(({ why, ...what }) => {
    const [name, value] = Object.entries(what)[0] ?? [];
    return `${name}${value === true ? "" : ` ${String(value)}`} (${why})`;
  });
}

/** The part of the profile that it relaxes. */
export function relaxationName(relax: Relax): string {
  return Object.keys(relax).find((key) => key !== "why") ?? "";
}

type Relaxations = { [K in Relax as Exclude<keyof K, "why">]: K[Exclude<keyof K, "why"> & keyof K] };

/** The value by which a manifest relaxes one part of the profile; undefined: it does not. */
export function findRelaxation<K extends keyof Relaxations>(relax: readonly Relax[], name: K): Relaxations[K] | undefined {
  const found = relax.find((one) => name in one);
  return found === undefined ? undefined : (found as unknown as Relaxations)[name];
}

/** Mounts a folder or file of the Docker host, which must exist. */
export function bind(from: string, at: string, writable = false): Docker.MountSettings {
  return { Type: "bind", Source: from, Target: at, ReadOnly: !writable };
}

/** Mounts what a manifest names: a path of the Docker host, or a volume. */
export function toMount(from: string, at: string): Docker.MountSettings {
  return from.startsWith("/") ? bind(from, at) : { Type: "volume", Source: from, Target: at, ReadOnly: true };
}
