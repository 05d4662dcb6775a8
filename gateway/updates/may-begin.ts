/** Whether an update may begin or go on now, and what it waits for if not. */

import type { Tx } from "../db/database.js";
import type { UpdateRecord, Waits } from "../db/engine-updates.js";
import { readUpdatePermission, type UpdatePermission } from "../db/update-policies.js";
import type { HostWindow } from "../db/update-windows.js";

/**
 * What an update waits for before it begins; undefined: it may begin. A rollback never waits. An update that a fetcher brought waits for
 * its set's window, and for somebody to start it if automatic updates are off.
 */
export async function findStartDelay(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<Waits | undefined> {
  if (cause === "ROLLBACK") return undefined;
  const permission = await readUpdatePermission(tx, engineId, set);
  if (permission.isPaused) return paused(permission);
  if (cause === "ASKED") return undefined;
  if (!permission.automatic) return { for: "somebody who starts it", until: null };
  const { isInWindow, windowFrom, windowTo } = permission;
  if (isInWindow || windowFrom === null || windowTo === null) return undefined;
  return { for: `its window, ${windowText({ from: windowFrom, to: windowTo })}`, until: null };
}

/** The pause that keeps further hosts out of an update that has begun; undefined: there is none. */
export async function findPause(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<Waits | undefined> {
  if (cause === "ROLLBACK") return undefined;
  const permission = await readUpdatePermission(tx, engineId, set);
  return permission.isPaused ? paused(permission) : undefined;
}

/** Names the hosts whose update windows an update waits for. */
export function waitsForWindows(windows: readonly HostWindow[]): Waits {
  const named = windows.slice(0, 3).map((one) => `${one.agent} (${windowText(one)})`);
  const more = windows.length > named.length ? [`${windows.length - named.length} more`] : [];
  return { for: `the update window of ${[...named, ...more].join(", ")}`, until: null };
}

function paused({ pausedUntil }: UpdatePermission): Waits {
  return { for: "its resumption: updates are paused", until: pausedUntil };
}

function windowText({ from, to }: Pick<HostWindow, "from" | "to">): string {
  return `${timeText(from)} to ${timeText(to)} UTC`;
}

function timeText(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
