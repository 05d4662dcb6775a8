/** How far a host is with an update, by what its agent says. */

import type { ServedBundles } from "../../schema/bundle.js";
import type { HostUpdateState } from "../../schema/update-states.js";
import type { HostChange, UnderwayHost } from "../db/engine-update-hosts.js";
import { isSameTarget, targetTold, type AbleHost } from "./able-hosts.js";

/** How long an agent may be away before it is not waited for. */
export const GONE_MS = 120_000;
/** How long an engine may be unwell with a new bundle. */
const UNWELL_MS = 60_000;
/** How long a host may make no progress: a large image takes a while to be unpacked. */
export const STUCK_MS = 1_800_000;
/** How long a host tries a bundle that it serves. */
const TRIED_MS = 300_000;
/** How often an agent may end while it tries a bundle: people restart agents, too. */
const MOST_RESTARTS = 2;

/** What is different now; undefined if nothing is. */
export function followHost(
  host: UnderwayHost,
  seen: AbleHost | undefined,
  wanted: ServedBundles,
  role: Role,
): HostChange | undefined {
  const { agent } = host;
  if (!seen) {
    if (host.goneMs === null) return { agent, isGone: true };
    return host.goneMs > GONE_MS && host.state !== "GONE" && host.state !== "FAILED" && !hasServedOn(host)
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

/** Whether it served so long before it went that its going has nothing to do with the bundle. It is done with the update. */
export function hasServedOn({ state, stillMs, goneMs }: UnderwayHost): boolean {
  return state === "SERVING" && goneMs !== null && stillMs - goneMs > TRIED_MS;
}

type Change = Omit<HostChange, "agent">;

/** What a host is for its update. */
type Role = "CANARY" | "HELD" | "OTHER";

/** Restarts count while the host tries the bundle: a held update, or one that waits for others, may take days. */
function followProcess(host: UnderwayHost, { present }: AbleHost, role: Role): Change {
  const { processStartedAt, restarts, state, stillMs } = host;
  if (processStartedAt?.toISOString() === present.startedAt) return {};
  const isTried = role !== "HELD" && !(state === "SERVING" && stillMs > TRIED_MS);
  return { processStartedAt: present.startedAt, ...(processStartedAt !== null && isTried && { restarts: restarts + 1 }) };
}

function followBundles(host: UnderwayHost, { engine, bundles }: AbleHost, wanted: ServedBundles, role: Role): Change {
  const { bytes, total } = bundles;
  const said = stateOf(bundles, wanted);
  const serves = said.state === "SERVING";
  const isUnwell = serves && !engine.healthy;
  let { state, reason } = serves && role !== "OTHER" ? { state: role, reason: null } : said;
  if (isUnwell && (host.unwellMs ?? 0) > UNWELL_MS) [state, reason] = ["FAILED", engine.reason ?? "it is not well"];
  if (host.restarts > MOST_RESTARTS)
    [state, reason] = ["FAILED", `its agent has ended ${host.restarts} times since it was told to serve it`];
  return {
    ...((state !== host.state || reason !== host.reason) && { state, reason }),
    ...(bytes !== host.bytes && { bytes }),
    ...(total !== host.total && { total }),
    ...(isUnwell !== (host.unwellMs !== null) && { isUnwell }),
  };
}

function stateOf(bundles: AbleHost["bundles"], wanted: ServedBundles): { state: HostUpdateState; reason: string | null } {
  const { serving, state, reason } = bundles;
  // It has not heard of it yet, or was started since.
  if (!isSameTarget(targetTold(bundles), wanted)) return { state: "WAITING", reason: null };
  if (state === "FAILED") return { state: "FAILED", reason: reason ?? "it gives no reason" };
  if (state !== "SERVING") return { state, reason };
  return { state: isSameTarget(serving, wanted) ? "SERVING" : "WAITING", reason: null };
}
