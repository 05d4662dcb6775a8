/** Notices a nats-server that stores nothing although its disk has room again: it does so only after a restart. */

import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 5_000;
/** How long a restarted server has before it is looked at again. */
const SETTLE_MS = 30_000;
const MOST_RESTARTS = 5;

/** Asks the gateway at `url` until the mesh is stopping. */
export async function restartStalledNats(
  url: string,
  parts: { isStopping(): boolean; hasRoom(): Promise<boolean>; restart(): Promise<void> },
  lookMs = LOOK_MS,
): Promise<void> {
  for (let restarts = 0; restarts < MOST_RESTARTS && !parts.isStopping();) {
    await pause(lookMs, undefined, { ref: false });
    if (parts.isStopping() || !(await isStalled(url)) || !(await parts.hasRoom())) continue;
    restarts += 1;
    await parts.restart();
    await pause(SETTLE_MS, undefined, { ref: false });
  }
}

async function isStalled(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(LOOK_MS) });
    return ((await answer.json()) as { nats?: string }).nats === "stalled";
  } catch {
    // A gateway that does not answer says nothing of NATS; its own end is noticed elsewhere.
    return false;
  }
}
