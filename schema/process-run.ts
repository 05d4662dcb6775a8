/** The `process` way of running an engine, as its manifest describes it. */

import { z } from "zod";
import { size } from "./settings.js";

/** What one run of a program may use at most. */
export const ProcessLimits = z.strictObject({
  /** Memory that it writes to: its data segment. What it maps for reading, or only reserves, is not counted. */
  memory: size.default(4 * 1024 ** 3),
  /** Open files of a process. */
  files: z.number().int().min(64).max(20_000).default(1024),
  /** The largest file that it writes. */
  fileSize: size.default(1024 ** 3),
  /** Processes and threads of its user. */
  pids: z.number().int().min(8).max(32_768).default(4096),
  /** What fits into its own folder, and into its private /tmp, /var/tmp and /dev/shm, each. */
  tmp: size.default(256 * 1024 ** 2),
  /** Standard output and standard error of one scan; more of either is a failure. */
  output: size.default(8 * 1024 ** 2),
});
/** What {@link ProcessLimits} parses. */
export type ProcessLimits = z.infer<typeof ProcessLimits>;

/** An engine that is a program of this host. Exactly one of `service` and `command`. */
export const ProcessRun = z
  .strictObject({
    /** A daemon that the agent starts and speaks to over its socket. */
    service: z.enum(["clamd"]).optional(),
    /** A program run once per sample; `{file}` stands for the sample's path, `{sha256}`, `{sha1}` and `{md5}` for its hashes. */
    command: z.array(z.string().min(1)).min(1).optional(),
    /** The program that must be found for this way of running to be chosen; default: the command's first word. */
    detect: z.string().min(1).optional(),
    /** Prints the engine's version on its first line. */
    version: z.array(z.string().min(1)).min(1).optional(),
    /**
     * Files and folders that its answers depend on, such as its signatures, besides the absolute paths that `command` and its scripts
     * name. Unless the command is a script, nobody knows what it reads if this does not say so; empty: nothing else.
     */
    uses: z.array(z.string().startsWith("/", "needs an absolute path")).optional(),
    /** Of a `command`; clamd has limits of its own. */
    limits: ProcessLimits.prefault({}),
  })
  .refine((run) => (run.service === undefined) !== (run.command === undefined), "needs exactly one of service and command");
