/** What an agent says of the bundles of an engine. */

import { z } from "zod";
import { ServedBundles } from "./bundle.js";
import { told, toldInstant } from "./message-fields.js";

/** The progress of an engine on a host towards the bundles that it was ordered to serve. */
export const BundleState = {
  /** It serves what it is to serve, or nothing was ordered. */
  SERVING: "SERVING",
  /** Something else must finish first, such as the start of an engine. */
  WAITING: "WAITING",
  FETCHING: "FETCHING",
  /** The new instance is started and tested; the old one serves on, unless it had to stop. */
  TESTING: "TESTING",
  /** It serves what it served before, because of `reason`; it does not try again before another order. */
  FAILED: "FAILED",
} as const;
/** One of the names of {@link BundleState}. */
export type BundleState = keyof typeof BundleState;

/** How a new instance of an engine replaces the old one. */
export const SwitchWay = {
  /** The new instance is started and tested while the old one serves. */
  BESIDE: "BESIDE",
  /** The old instance is stopped first; other hosts serve meanwhile. */
  IN_TURN: "IN_TURN",
  /** BESIDE if there is enough memory, else IN_TURN. */
  AUTO: "AUTO",
} as const;
/** One of the names of {@link SwitchWay}. */
export type SwitchWay = keyof typeof SwitchWay;

/** The bundles of one engine of an agent. */
export const EnginesBundles = z.object({
  /** What it serves now. Empty: what its host has. */
  serving: ServedBundles,
  /** What it was told to serve, or has served on its own since it was started; null: nothing. */
  target: ServedBundles.nullable(),
  state: z.enum(BundleState),
  /** Why it has failed, or what it waits for. */
  reason: told(1024).nullable(),
  /** Bytes of the target that have arrived, and its size. */
  bytes: z.number().nonnegative(),
  total: z.number().nonnegative(),
  /** Since when it is in this state. */
  since: toldInstant,
});
/** What {@link EnginesBundles} parses. */
export type EnginesBundles = z.infer<typeof EnginesBundles>;
