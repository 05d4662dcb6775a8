import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { Bus } from "../bus/bus.js";
import { countPublished, countUnpublished, letGo, lockHeld, readHeld, type HeldRequest } from "../db/bulk.js";
import type { Database, Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { serving, type Fleet } from "../fleet/fleet.js";
import type { Relay } from "./relay.js";

/** Lets BULK requests go while less than two slots' worth of requests waits for their engines. */
export interface Bulk {
  /** Looks for room soon: BULK scans were accepted. */
  releaseSoon(): void;
  /** Looks for room soon if this gateway knows of requests that wait for it: results were recorded. */
  madeRoom(): void;
  /** Lets go what there is room for. */
  release(): Promise<void>;
  /** Waits until everything that was begun has ended. */
  idle(): Promise<void>;
}

export interface BulkParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly fleet: Fleet;
  readonly relay: Relay;
  readonly log: Logger;
}

/** How many slots' worth may wait before BULK requests do. */
const SLOTS_WORTH = 2;
/** How many requests of a class are looked at: one whose engine is busy must not hide all others. */
const LOOK_AT = 200;

export function createBulk(parts: BulkParts): Bulk {
  let waiting = false;
  let working: Promise<void> | undefined;
  let again = false;

  /** One at a time here; of several gateways one at a time too. What is asked for meanwhile is done next. */
  function release(): Promise<void> {
    again = true;
    working ??= (async () => {
      while (again) {
        again = false;
        waiting = await releaseOnce(parts);
      }
    })().finally(() => (working = undefined));
    return working;
  }

  function releaseSoon(): void {
    release().catch((error: unknown) => parts.log.warn({ err: error }, "requests that are held stay so for now"));
  }

  return {
    releaseSoon,
    madeRoom: () => waiting && releaseSoon(),
    release,
    async idle() {
      // How it ended is for whoever began it.
      await Promise.allSettled([working]);
    },
  };
}

/** Whether requests are left that wait for room. */
async function releaseOnce({ db, bus, fleet, relay }: BulkParts): Promise<boolean> {
  if ((await readHeld(db, 1)).length === 0) return false;
  if (!bus.connected()) return true;
  const released = await db.transaction().execute(async (tx) => {
    if (!(await lockHeld(tx))) return [];
    const held = await readHeld(tx, LOOK_AT);
    const room = await roomOf({ bus, fleet }, tx, held);
    return letGo(tx, fitting(held, room));
  });
  for (const outboxId of released) relay.publishSoon(outboxId);
  return true;
}

/**
 * How many more requests may wait for each engine that an agent has. What was let go but not published is counted before
 * the durables are asked, so that nothing is missed in between.
 */
async function roomOf(
  { bus, fleet }: Pick<BulkParts, "bus" | "fleet">,
  tx: Tx,
  held: readonly HeldRequest[],
): Promise<Map<number, number>> {
  const unpublished = await countUnpublished(tx);
  const published = await countPublished(tx);
  const wanted = new Set(held.flatMap(({ engineIds }) => engineIds));
  const engines = (await readEngines(tx)).filter(({ engineId }) => wanted.has(engineId));
  const rooms = engines.map(async (engine) => {
    const { slots } = serving(fleet, engine);
    if (slots === 0) return [];
    const { pending } = await bus.account(internetClass(engine.internet)).durableState(engine.name);
    // The server still counts messages that were deleted, until the durable is read on.
    const waiting = Math.min(pending, published.get(engine.engineId) ?? 0);
    return [[engine.engineId, SLOTS_WORTH * slots - waiting - (unpublished.get(engine.engineId) ?? 0)] as const];
  });
  return new Map((await Promise.all(rooms)).flat());
}

/** The oldest requests first, as long as every engine of theirs that is there has room. One without any such engine waits. */
export function fitting(held: readonly HeldRequest[], room: ReadonlyMap<number, number>): number[] {
  const left = new Map(room);
  return held.flatMap(({ outboxId, engineIds }) => {
    const present = engineIds.filter((id) => left.has(id));
    if (present.length === 0 || present.some((id) => (left.get(id) ?? 0) <= 0)) return [];
    for (const id of present) left.set(id, (left.get(id) ?? 0) - 1);
    return [outboxId];
  });
}
