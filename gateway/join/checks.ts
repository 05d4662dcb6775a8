import { JoinError } from "../../schema/join-errors.js";
import { CLOCK_TOLERANCE_MS } from "../../schema/join-messages.js";
import { ownVersion } from "../../schema/version.js";
import type { AgentAccounts } from "../accounts/accounts.js";
import type { ScanContext } from "../scan/context.js";

const OWN = ownVersion();

/** The accounts of agents. Throws NOT_SET_UP if there are none. */
export function requireAccounts({ accounts }: Pick<ScanContext, "accounts">): AgentAccounts {
  if (accounts === undefined) throw new JoinError("NOT_SET_UP");
  return accounts;
}

/** Throws CLOCK_OFF if a host's clock differs too much from this one. */
export function checkClock(time: string): void {
  const off = Date.parse(time) - Date.now();
  if (Math.abs(off) <= CLOCK_TOLERANCE_MS) return;
  throw new JoinError("CLOCK_OFF", `the host's is ${Math.round(Math.abs(off) / 1_000)} s ${off > 0 ? "ahead" : "behind"}`);
}

/** Throws VERSION_UNSUPPORTED for a version that is more than one release away. */
export function checkVersion(version: string, own = OWN): void {
  const [theirs, ours] = [readRelease(version), readRelease(own)];
  if (theirs !== undefined && ours !== undefined && theirs.major === ours.major && Math.abs(theirs.minor - ours.minor) <= 1)
    return;
  throw new JoinError("VERSION_UNSUPPORTED", `the host has ${version}, the gateway ${own}`);
}

function readRelease(version: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d{1,6})\.(\d{1,6})\./.exec(version) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
