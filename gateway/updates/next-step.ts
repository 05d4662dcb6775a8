/** The next step of an update, decided from the progress of its hosts. */

import type { UnderwayHost } from "../db/engine-update-hosts.js";
import { hasPassedTrial, STUCK_MS } from "./follow-host.js";

/** The most hosts of a class that change at once, and never more than half of an engine's: the others keep serving. */
export const AT_ONCE = 4;
/** When this many canaries have gone offline, the bundle may be the reason. */
const GONE_CANARIES = 2;

/** What to do. */
export type Step =
  /** `for`: what it waits for, other than hosts that are changing. */
  | { readonly kind: "WAIT"; readonly for?: string }
  | { readonly kind: "BEGIN"; readonly agents: readonly string[] }
  | { readonly kind: "CANARY"; readonly agent: string }
  /** Nothing until the update window of one of these hosts opens. */
  | { readonly kind: "WINDOWS"; readonly agents: readonly string[] }
  /** The canary serves the bundle: compare it with what its engine usually does. */
  | { readonly kind: "JUDGE" }
  | { readonly kind: "DONE" }
  /** `isRetried`: nothing shows that the bundle is to blame, so the update is tried again. */
  | { readonly kind: "ROLL_BACK"; readonly reason: string; readonly isRetried: boolean };

const WAIT: Step = { kind: "WAIT" };

/** The next step in the state CANARY. `candidates` are the hosts that may be the next canary, the best first. */
export function nextCanaryStep(canary: string | null, hosts: readonly UnderwayHost[], candidates: readonly string[]): Step {
  const failed = failureOf(hosts);
  if (failed) return failed;
  const host = hosts.find(({ agent }) => agent === canary);
  if (host && host.state !== "GONE") return host.state === "CANARY" ? { kind: "JUDGE" } : WAIT;
  const gone = hosts.filter(hasVanished).map(({ agent }) => agent);
  const next = candidates.find((agent) => !gone.includes(agent));
  if (gone.length >= GONE_CANARIES || (gone.length > 0 && next === undefined))
    return { kind: "ROLL_BACK", reason: `${gone.join(" and ")} went offline with it.`, isRetried: gone.length < GONE_CANARIES };
  return next === undefined ? { kind: "WAIT", for: "a host that is there" } : { kind: "CANARY", agent: next };
}

/** What limits how many hosts begin now. */
export interface Limits {
  /** The hosts of the class that are fetching for other updates: all of them share one bus. */
  readonly fetching: number;
  /** Hosts whose update windows are closed. */
  readonly closed: ReadonlySet<string>;
}

/** The next step of a rollback. A host that cannot follow stays as it is: moving the others forward again would help nobody. */
export function nextRollbackStep(hosts: readonly UnderwayHost[], limits: Limits): Step {
  const there = hosts.filter(isThere);
  if (there.length === 0) return hosts.some(hasBegun) ? { kind: "DONE" } : WAIT;
  return nextHostsStep(
    there,
    there.filter((host) => host.state !== "SERVING" && host.state !== "FAILED" && !isStuck(host)),
    limits,
  );
}

/** The next step in the state ROLLING. */
export function nextRollingStep(hosts: readonly UnderwayHost[], limits: Limits): Step {
  const failed = failureOf(hosts);
  if (failed) return failed;
  const gone = hosts.filter(hasVanished);
  if (gone.length >= AT_ONCE)
    return { kind: "ROLL_BACK", reason: `${gone.length} hosts went offline with it.`, isRetried: false };
  const there = hosts.filter(isThere);
  if (there.length === 0)
    return gone.length === 0 ? WAIT : { kind: "ROLL_BACK", reason: "All its hosts went offline.", isRetried: true };
  return nextHostsStep(
    there,
    there.filter(({ state }) => state !== "SERVING"),
    limits,
  );
}

/** Lets the next hosts begin, as many as the limits allow. */
function nextHostsStep(there: readonly UnderwayHost[], open: readonly UnderwayHost[], { fetching, closed }: Limits): Step {
  if (open.length === 0) return { kind: "DONE" };
  const changing = open.filter(hasBegun).length;
  const room = Math.min(AT_ONCE - fetching, Math.max(1, Math.floor(there.length / 2))) - changing;
  const next = open.filter((host) => !hasBegun(host) && host.goneMs === null);
  const free = next.filter(({ agent }) => !closed.has(agent)).slice(0, Math.max(0, room));
  if (free.length > 0) return { kind: "BEGIN", agents: free.map(({ agent }) => agent) };
  const shut = next.filter(({ agent }) => closed.has(agent)).map(({ agent }) => agent);
  if (changing > 0 || next.length === 0) return WAIT;
  if (shut.length === next.length) return { kind: "WINDOWS", agents: shut };
  return { kind: "WAIT", for: `hosts that fetch for other updates: ${AT_ONCE} at most do at once` };
}

function failureOf(hosts: readonly UnderwayHost[]): Step | undefined {
  const failed = hosts.find(({ state }) => state === "FAILED");
  if (failed) return { kind: "ROLL_BACK", reason: `${failed.agent}: ${failed.reason}`, isRetried: false };
  const stuck = hosts.find(isStuck);
  if (!stuck) return undefined;
  const reason = `${stuck.agent} has not come further within ${STUCK_MS / 60_000} minutes (${stuck.state}).`;
  return { kind: "ROLL_BACK", reason, isRetried: false };
}

function isStuck({ state, begunAt, stillMs }: UnderwayHost): boolean {
  const isUnderway = state === "WAITING" || state === "FETCHING" || state === "TESTING";
  return begunAt !== null && isUnderway && stillMs > STUCK_MS;
}

function hasBegun({ begunAt }: UnderwayHost): boolean {
  return begunAt !== null;
}

function isThere(host: UnderwayHost): boolean {
  return host.state !== "GONE" && !hasPassedTrial(host);
}

function hasVanished(host: UnderwayHost): boolean {
  return host.state === "GONE" && hasBegun(host);
}
