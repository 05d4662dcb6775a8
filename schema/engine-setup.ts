/** How an engine is run: what is the same for thousands of its results, and stands once. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { ServedBundles } from "./bundle.js";
import { told } from "./message-fields.js";

/** Whose files an engine's signatures or rules are. */
export const UpdatedBy = {
  /** Files of its host, which the host itself keeps up to date, as its own freshclam does. */
  HOST: "HOST",
  /** They are part of its container image. */
  IMAGE: "IMAGE",
  /** They come with the agent, whose operator may have added others. */
  AGENT: "AGENT",
  /** The mesh's, which brings them to its hosts as bundles. */
  MESH: "MESH",
} as const;
/** One of the names of {@link UpdatedBy}. */
export type UpdatedBy = keyof typeof UpdatedBy;

/** Most limits of an engine. */
const MAX_LIMITS = 64;

/** How an engine is run by an agent. */
export const EngineSetup = z.object({
  /** Which runner it has and how it is isolated, as in the presence. */
  runner: told(200),
  /** The agent's version. */
  agentVersion: told(50),
  /** One that a newer agent sends and that is not known here counts as null. */
  updatedBy: z.enum(UpdatedBy).nullable().catch(null),
  /**
   * Its limits by their names in the manifest, and of the host's ClamAV in clamd.conf: times in milliseconds, sizes in bytes unless a
   * text has a unit.
   */
  limits: z
    .record(z.string().regex(/^\w{1,64}$/), z.union([z.number(), told(64)]))
    .refine((limits) => Object.keys(limits).length <= MAX_LIMITS, `has more than ${MAX_LIMITS} limits`),
  /** The mesh's bundles that it serves. Left out where there are none, and by older agents. */
  bundles: ServedBundles.optional().catch(undefined),
});
/** What {@link EngineSetup} parses. */
export type EngineSetup = z.infer<typeof EngineSetup>;

/** A hash of all of it, by which results name it. */
export function setupId({ runner, agentVersion, updatedBy, limits, bundles = [] }: EngineSetup): string {
  const sorted = Object.entries(limits).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const served = bundles.map(({ set, digest }) => `${set} ${digest}`).toSorted();
  const hash = createHash("sha256")
    .update(JSON.stringify([runner, agentVersion, updatedBy, sorted, ...served]))
    .digest("hex");
  // As a UUID of the version for what is made in a way of its own.
  const variant = ((parseInt(hash[16] ?? "0", 16) & 3) | 8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
