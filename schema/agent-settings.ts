/**
 * Settings of an agent's engines that the mesh makes, which override those of its host: changed by the API, kept in Postgres, sent in a
 * control message.
 */

import { z } from "zod";
import { engineName, toldList } from "./message-fields.js";

/** Bounds of what can be set. */
export const ENGINE_LIMITS = {
  slots: { min: 1, max: 256 },
  /** Milliseconds. */
  timeoutMs: { min: 100, max: 3_600_000 },
  /** Bytes. */
  memory: { min: 16 * 1024 ** 2, max: 1024 ** 4 },
  cpus: { min: 0.05, max: 256 },
} as const;

const within = ({ min, max }: { readonly min: number; readonly max: number }) => z.number().min(min).max(max);

/** The settings of one engine; what is left out or null is up to the host. */
export const EngineSettings = z.object({
  engine: engineName,
  /** False: it does not run there. */
  enabled: z.boolean().nullish(),
  /** How many samples at once. */
  slots: within(ENGINE_LIMITS.slots).int().nullish(),
  /** The longest it may work on one sample, in milliseconds. */
  timeoutMs: within(ENGINE_LIMITS.timeoutMs).int().nullish(),
  /** Bytes of memory of its container, or of its program. */
  memory: within(ENGINE_LIMITS.memory).int().nullish(),
  /** Processors' time of its container, e.g. 0.5. */
  cpus: within(ENGINE_LIMITS.cpus).nullish(),
});
/** What {@link EngineSettings} parses. */
export type EngineSettings = z.infer<typeof EngineSettings>;

/** How much an engine may use. Null: it has no such limit. */
export const EngineLimits = z.object({
  slots: z.number().int().positive(),
  timeoutMs: z.number().positive(),
  memory: z.number().positive().nullable(),
  cpus: z.number().positive().nullable(),
});
/** What {@link EngineLimits} parses. */
export type EngineLimits = z.infer<typeof EngineLimits>;

/** What an agent's host has. */
export const HostMachine = z.object({
  /** Processors. */
  cores: z.number().int().positive(),
  /** Bytes. */
  memory: z.number().int().nonnegative(),
});

/** Which settings of the mesh an agent has applied. */
export const AppliedSettings = z.object({
  /** 0: none. */
  revision: z.number().int().nonnegative(),
  /** What it could not apply, a sentence each. */
  problems: toldList({ count: 32, length: 300 }),
});
