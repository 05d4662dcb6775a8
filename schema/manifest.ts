/** The engine manifest: the YAML file that describes one engine. Adding an engine is adding one. */

import { z } from "zod";
import { EngineSpeed, PluginType } from "./classes.js";
import { Opens } from "./closed.js";
import { ContainerRun } from "./container-run.js";
import { engineName } from "./message-fields.js";
import { ProcessRun } from "./process-run.js";
import { duration, size } from "./settings.js";
import { STALE_AFTER_MS } from "./stale.js";
import { UpdateSources } from "./update-source.js";

/** An engine that is part of the agent, in a process of its own. */
export const BuiltinRun = z.strictObject({
  /** Which of the agent's own engines it is. */
  module: z.enum(["yara", "fileinfo"]),
});

/** An engine's manifest. Unknown keys are mistakes. */
export const Manifest = z
  .strictObject({
    name: engineName,
    /** Whether it runs where a host does not say otherwise. */
    enabled: z.boolean().default(true),
    /** What has to be got before it can run, for people: one sentence each. */
    needs: z.array(z.string().min(1)).default([]),
    type: z.enum(PluginType),
    speed: z.enum(EngineSpeed),
    /** Whether it can reach the outside while it scans. */
    internet: z.boolean(),
    input: z.enum(["file", "hash"]).default("file"),
    /** The longest it may work on one sample, in milliseconds once read. */
    timeout: duration.default(60_000),
    /** How many samples at once; default: the number of cores. */
    slots: z.number().int().min(1).max(256).optional(),
    /** How much memory one instance needs, if more than 512 MiB: a second one is started beside it only while so much is free. */
    memory: size.optional(),
    /** Which parser reads its output. */
    output: z.enum(["clamd", "yara", "fileinfo", "malice"]),
    /** Keys of its report that say nothing about the sample: any other that is not known keeps it from being CLEAN. */
    ignore: z.array(z.string().min(1)).default([]),
    /**
     * Whether it can say INFECTED or SUSPICIOUS although it is no AV engine: a scan for which it did not finish is not clean. AV
     * engines always do.
     */
    detects: z.boolean().default(false),
    /** How old an AV engine's signatures may be before its results are marked as stale, in milliseconds once read. */
    staleAfter: duration.default(STALE_AFTER_MS),
    /** MIME types it takes, by the first 4 KiB; default: all. Never for AV engines: it would be a way around them. */
    accepts: z
      .array(z.string().regex(/^[\w.+-]+\/[\w.+*-]+$/, "needs a MIME type"))
      .min(1)
      .optional(),
    /** The containers that it opens; default: all but those that nobody can open, such as encrypted ones. */
    opens: Opens.optional(),
    /** Where fetchers get what it needs, by set; without it, the image of its container. */
    updates: UpdateSources.optional(),
    /** The ways to run it; the first that works on this host is used. */
    run: z.strictObject({ builtin: BuiltinRun.optional(), process: ProcessRun.optional(), container: ContainerRun.optional() }),
  })
  .refine((m) => m.run.container?.port === undefined || m.internet, {
    path: ["run", "container", "port"],
    error: "a port needs a network, which isolated engines have not",
  })
  .refine((m) => m.type !== "AV" || m.accepts === undefined, { path: ["accepts"], error: "an AV engine takes every type" })
  .refine((m) => Object.values(m.run).some((way) => way !== undefined), {
    path: ["run"],
    error: "needs at least one way to run",
  });
/** A manifest as read: durations in milliseconds, defaults filled in. */
export type Manifest = z.infer<typeof Manifest>;
