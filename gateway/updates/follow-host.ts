/** How far a host is with an update, according to its agent's presence. */

import type { ServedBundles } from "../../schema/bundle.js";
import type { HostUpdateState } from "../../schema/update-states.js";
import type { HostChange, UnderwayHost } from "../db/engine-update-hosts.js";
import { isSameTarget, toldTarget, type UpdatableHost } from "./updatable-hosts.js";

/** After this time without its presence, updates no longer wait for an agent. */
export const GONE_MS = 120_000;
/** How long an engine may be unwell with a new bundle. */
const UNWELL_MS = 60_000;
/** How long a host may make no progress: a large image takes a while to be unpacked. */
export const STUCK_MS = 1_800_000;
/** How long a host must serve a bundle before it counts as proven there. */
const TRIAL_MS = 300_000;
/** How many times an agent may restart with a new bundle before the bundle is blamed. People restart agents, too. */
const MAX_RESTARTS = 2;

/** What has changed since the last look at this host; undefined: nothing. */
export function followHost(
  host: UnderwayHost,
  seen: UpdatableHost | undefined,
  wanted: ServedBundles,
  role: Role,
): HostChange | undefined {
  const { agent } = host;
  if (!seen) {
    if (host.goneMs === null) return { agent, isGone: true };
    return host.goneMs > GONE_MS && host.state !== "GONE" && host.state !== "FAILED" && !hasPassedTrial(host)
      ? { agent, state: "GONE", reason: "its agent went offline" }
      : undefined;
  }
  const back = host.goneMs === null ? {} : { isGone: false };
  if (host.begunAt === null) {
    const isBack = host.state === "GONE";
    return isBack || host.goneMs !== null ? { agent, ...back, ...(isBack && { state: "WAITING", reason: null }) } : undefined;
  }
  const change = { ...back, ...followProcess(host, seen, role), ...followBundles(host, seen, wanted, role) };
  return Object.keys(change).length === 0 ? undefined : { agent, ...change };
}

/** Whether a host that is away served the bundle long enough before, so that the bundle is not to blame and the host is done. */
export function hasPassedTrial({ state, stillMs, goneMs }: UnderwayHost): boolean {
  return state === "SERVING" && goneMs !== null && stillMs - goneMs > TRIAL_MS;
}

type Change = Omit<HostChange, "agent">;

/** The part that a host plays in its update. */
type Role = "CANARY" | "HELD" | "OTHER";

/** Counts restarts, but only until the bundle is proven on the host: a held update may take days, and hosts restart for other reasons. */
function followProcess(host: UnderwayHost, { present }: UpdatableHost, role: Role): Change {
  const { processStartedAt, restarts, state, stillMs } = host;
  if (processStartedAt?.toISOString() === present.startedAt) return {};
  const isTried = role !== "HELD" && !(state === "SERVING" && stillMs > TRIAL_MS);
  return { processStartedAt: present.startedAt, ...(processStartedAt !== null && isTried && { restarts: restarts + 1 }) };
}

function followBundles(host: UnderwayHost, { engine, bundles }: UpdatableHost, wanted: ServedBundles, role: Role): Change {
  const { bytes, total } = bundles;
  const said = stateOf(bundles, wanted);
  const serves = said.state === "SERVING";
  const isUnwell = serves && !engine.healthy;
  let { state, reason } = serves && role !== "OTHER" ? { state: role, reason: null } : said;
  if (isUnwell && (host.unwellMs ?? 0) > UNWELL_MS) [state, reason] = ["FAILED", engine.reason ?? "it is not well"];
  if (host.restarts > MAX_RESTARTS)
    [state, reason] = ["FAILED", `its agent has ended ${host.restarts} times since it was told to serve it`];
  return {
    ...((state !== host.state || reason !== host.reason) && { state, reason }),
    ...(bytes !== host.bytes && { bytes }),
    ...(total !== host.total && { total }),
    ...(isUnwell !== (host.unwellMs !== null) && { isUnwell }),
  };
}

function stateOf(bundles: UpdatableHost["bundles"], wanted: ServedBundles): { state: HostUpdateState; reason: string | null } {
  const { serving, state, reason } = bundles;
  // The agent has not got the order yet, or has restarted since.
  if (!isSameTarget(toldTarget(bundles), wanted)) return { state: "WAITING", reason: null };
  if (state === "FAILED") return { state: "FAILED", reason: reason ?? "it gives no reason" };
  if (state !== "SERVING") return { state, reason };
  return { state: isSameTarget(serving, wanted) ? "SERVING" : "WAITING", reason: null };
}
