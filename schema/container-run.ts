/** The `container` way of running an engine, as its manifest describes it. */

import { z } from "zod";
import { duration, size } from "./settings.js";

const absolute = z.string().regex(/^\/[^:\0]*$/, "needs an absolute path");
const words = z.array(z.string().min(1)).min(1);
const why = z.string().min(1);

/** One thing that an engine cannot live with, of the profile every container has, and why. The agent prints it at start. */
export const Relax = z.union(
  [
    /** Whom it runs as instead of 65534, e.g. `root` or `1000:1000`. */
    z.strictObject({ user: z.string().regex(/^[\w.-]+(:[\w.-]+)?$/, "needs a user or user:group"), why }),
    /** Capabilities that it keeps. */
    z.strictObject({ capabilities: z.array(z.string().regex(/^[A-Z_]+$/, "needs a capability without CAP_")).min(1), why }),
    /** It may write to its own copy of the image, which is thrown away with the container. */
    z.strictObject({ writableRoot: z.literal(true), why }),
    /** It may gain privileges by set-uid programs. */
    z.strictObject({ newPrivileges: z.literal(true), why }),
    /** Programs in /tmp and in its scratch folders may run. */
    z.strictObject({ tmpExec: z.literal(true), why }),
    /** `exec`: what its command leaves running, e.g. a daemon that it starts at its first sample, stays for the next ones. */
    z.strictObject({ keepProcesses: z.literal(true), why }),
    /** It has shared memory of this size. */
    z.strictObject({ shm: size, why }),
    /** A seccomp profile of its own: a JSON file, relative to the manifest. */
    z.strictObject({ seccomp: z.string().min(1), why }),
  ],
  "needs `why` and exactly one of user, capabilities, writableRoot, newPrivileges, tmpExec, keepProcesses, shm, seccomp",
);
/** What {@link Relax} parses. */
export type Relax = z.infer<typeof Relax>;

/** What one container may use at most. */
export const ContainerLimits = z.strictObject({
  /** Memory without swap. */
  memory: size.default(1024 ** 3),
  /** Processors' time, e.g. 0.5. */
  cpus: z.number().positive().max(256).default(1),
  /** Processes and threads. */
  pids: z.number().int().min(8).max(32_768).default(128),
  /** Open files of a process. */
  files: z.number().int().min(64).max(20_000).default(1024),
  /** What fits into /tmp and into each scratch folder. */
  tmp: size.default(64 * 1024 ** 2),
  /** Standard output and standard error of one scan; more of either is a failure. */
  output: size.default(8 * 1024 ** 2),
});
/** What {@link ContainerLimits} parses. */
export type ContainerLimits = z.infer<typeof ContainerLimits>;

/** How long a container of mode `exec` is used. One in which anything went wrong is never used again. */
export const Recycle = z.strictObject({
  /** For so many samples; 1: every sample has a container of its own. */
  scans: z.number().int().min(1).max(1_000_000).default(100),
  /** For so long, in milliseconds once read. */
  after: duration.default(3_600_000),
});

/** Where a container is given a secret. */
export const SecretUse = z.union(
  [z.strictObject({ file: absolute }), z.strictObject({ env: z.string().regex(/^[A-Za-z_]\w*$/, "needs a variable's name") })],
  "needs exactly one of file and env",
);

/** An engine that is a container image. Everything that is not said here is the profile's: see {@link Relax}. */
export const ContainerRun = z
  .strictObject({
    /** A reference as `docker pull` takes it, by digest where it has one. */
    image: z
      .string()
      .max(255)
      .regex(/^[a-z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?$/, "needs an image reference"),
    /** `service`: one long-lived container that is spoken to; `exec`: a pool of warm ones in which a command runs per sample. */
    mode: z.enum(["service", "exec"]),
    /**
     * `exec`: the command per sample; `{file}`, `{sha256}`, `{sha1}`, `{md5}` and `{secret:NAME}` are filled in.
     * `service`: the container's own command; default: the image's.
     */
    command: words.optional(),
    /** `exec`: the same with the sample on standard input; used where there is no `command`, or no file can be shown to it. */
    stdin: words.optional(),
    /** `service`: the Unix socket on which clamd's protocol is spoken; its folder is the agent's too. */
    socket: absolute.optional(),
    /** `service`: the port of a malice image's `web` mode, for internet engines only. */
    port: z.number().int().min(1).max(65_535).optional(),
    /** `service`: how long it may take until it answers, in milliseconds once read. */
    ready: duration.default(120_000),
    /** `exec`: prints the engine's version on its first line; run in a container that has had no sample. */
    version: words.optional(),
    /** `exec`: prints the signatures' date (`20190209` or ISO 8601) or else their version on its first line. */
    updated: words.optional(),
    limits: ContainerLimits.prefault({}),
    recycle: Recycle.prefault({}),
    /** `exec`: warm containers kept beyond the slots. */
    spares: z.number().int().min(0).max(64).default(1),
    /** Further folders it may write to, in memory, each as large as `limits.tmp`. */
    scratch: z.array(absolute).default([]),
    /** Folders or files of the Docker host, or volumes, shown read-only; `{clamav-db}` stands for the agent's signature folder. */
    mounts: z
      .array(
        z.strictObject({
          from: z.string().regex(/^(\/|\{clamav-db\}|[a-zA-Z0-9])[^:\0]*$/, "needs a path or a volume"),
          at: absolute,
        }),
      )
      .default([]),
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "needs a variable's name"), z.string()).default({}),
    /** Secrets by name: files of that name in the agent's secrets folder. Without one the engine is unhealthy and says which. */
    secrets: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "needs a secret's name"), SecretUse.nullable()).default({}),
    /** The container runtime, e.g. `runsc`; default: the daemon's. */
    runtime: z.string().min(1).optional(),
    relax: z.array(Relax).default([]),
  })
  .superRefine((run, context) => {
    const mistake = (path: string, message: string) => void context.addIssue({ code: "custom", path: [path], message });
    if (run.mode === "exec") {
      if (run.command === undefined && run.stdin === undefined) mistake("command", "mode exec needs command or stdin");
      for (const key of ["socket", "port"] as const) if (run[key] !== undefined) mistake(key, "belongs to mode service");
    } else {
      if ((run.socket === undefined) === (run.port === undefined))
        mistake("mode", "mode service needs exactly one of socket and port");
      for (const key of ["stdin", "version", "updated"] as const)
        if (run[key] !== undefined)
          mistake(key, `belongs to mode exec: in mode service no command runs beside the container's own`);
    }
  });
/** What {@link ContainerRun} parses. */
export type ContainerRun = z.infer<typeof ContainerRun>;
