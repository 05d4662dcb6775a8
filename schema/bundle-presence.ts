/** What an agent says of the bundles of an engine. */

import { z } from "zod";
import { ServedBundles } from "./bundle.js";
import { told, toldInstant } from "./message-fields.js";

/** How far an engine on a host is with the bundles that it is to serve. */
export const BundleState = {
  /** It serves what it is to serve, or nothing was ordered. */
  SERVING: "SERVING",
  /** Something else comes first, such as an engine that is being started. */
  WAITING: "WAITING",
  FETCHING: "FETCHING",
  /** The new one is started and tested; what was served before serves on, unless it had to stop. */
  TESTING: "TESTING",
  /** It serves what it served before, because of `reason`; not tried again before another order. */
  FAILED: "FAILED",
} as const;
/** One of the names of {@link BundleState}. */
export type BundleState = keyof typeof BundleState;

/** How one engine's instance takes another's place. */
export const SwitchWay = {
  /** The new one is started and tested while the old one serves. */
  BESIDE: "BESIDE",
  /** The old one is stopped first; other hosts serve meanwhile. */
  IN_TURN: "IN_TURN",
  /** Beside, if the memory is there. */
  AUTO: "AUTO",
} as const;
/** One of the names of {@link SwitchWay}. */
export type SwitchWay = keyof typeof SwitchWay;

/** The bundles of one engine of an agent. */
export const EnginesBundles = z.object({
  /** What answers now. None: what its host gives it. */
  serving: ServedBundles,
  /** What it is told to serve, or what it has served by itself since it was started; null: nothing. */
  target: ServedBundles.nullable(),
  state: z.enum(BundleState),
  /** Why it has failed, or what it waits for. */
  reason: told(1024).nullable(),
  /** How much of the target is here, and all of it, in bytes. */
  bytes: z.number().nonnegative(),
  total: z.number().nonnegative(),
  /** Since when it is in this state. */
  since: toldInstant,
});
/** What {@link EnginesBundles} parses. */
export type EnginesBundles = z.infer<typeof EnginesBundles>;
