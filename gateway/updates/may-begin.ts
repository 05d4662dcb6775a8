/** Whether updates may begin and go on now, and if not, what they wait for. */

import type { Tx } from "../db/database.js";
import type { UpdateRecord, Waits } from "../db/engine-updates.js";
import { readUpdateLeave, type UpdateLeave } from "../db/update-policies.js";
import type { HostWindow } from "../db/update-windows.js";

/**
 * What an update waits for before it begins; undefined: it may. A rollback may always, what was fetched in its window alone, and not while
 * that is off.
 */
export async function waitsToBegin(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<Waits | undefined> {
  if (cause === "ROLLBACK") return undefined;
  const leave = await readUpdateLeave(tx, engineId, set);
  if (leave.isPaused) return paused(leave);
  if (cause === "ASKED") return undefined;
  if (!leave.automatic) return { for: "somebody who starts it", until: null };
  const { isInWindow, windowFrom, windowTo } = leave;
  if (isInWindow || windowFrom === null || windowTo === null) return undefined;
  return { for: `its window, ${windowText({ from: windowFrom, to: windowTo })}`, until: null };
}

/** What keeps further hosts from following in one that has begun; undefined: nothing. */
export async function waitsToGoOn(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<Waits | undefined> {
  if (cause === "ROLLBACK") return undefined;
  const leave = await readUpdateLeave(tx, engineId, set);
  return leave.isPaused ? paused(leave) : undefined;
}

/** Hosts that are to follow, and whose windows are closed. */
export function waitsForWindows(windows: readonly HostWindow[]): Waits {
  const named = windows.slice(0, 3).map((one) => `${one.agent} (${windowText(one)})`);
  const more = windows.length > named.length ? [`${windows.length - named.length} more`] : [];
  return { for: `the update window of ${[...named, ...more].join(", ")}`, until: null };
}

function paused({ pausedUntil }: UpdateLeave): Waits {
  return { for: "its resumption: updates are paused", until: pausedUntil };
}

function windowText({ from, to }: Pick<HostWindow, "from" | "to">): string {
  return `${timeText(from)} to ${timeText(to)} UTC`;
}

function timeText(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
