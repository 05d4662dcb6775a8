import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { Bus } from "../bus/bus.js";
import { countPublished, countUnpublished, readHeld, releaseHeld, tryLockRelease, type HeldRequest } from "../db/bulk.js";
import type { Database, Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import type { Fleet } from "../fleet/fleet.js";
import { serving } from "../fleet/serving.js";
import type { Relay } from "./relay.js";

/** Holds BULK requests back and releases them while each of their engines has fewer than 2 waiting requests per slot. */
export interface Bulk {
  /** Called after BULK scans were accepted: soon releases what there is room for. */
  releaseSoon(): void;
  /** Called when results were recorded, which frees slots: the same, if this gateway knows of held requests. */
  releaseIfWaiting(): void;
  /** Releases as many requests as there is room for. */
  release(): Promise<void>;
  /** Waits for the current work to finish. */
  idle(): Promise<void>;
}

export interface BulkParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly fleet: Fleet;
  readonly relay: Relay;
  readonly log: Logger;
}

/** How many requests per slot may wait before BULK requests are held back. */
const WAITING_PER_SLOT = 2;
/** How many held requests of each class are considered: the oldest may wait for a busy engine while others have room. */
const CONSIDERED = 200;

export function createBulk(parts: BulkParts): Bulk {
  let waiting = false;
  let working: Promise<void> | undefined;
  let again = false;

  /** One release at a time in this gateway and, with a lock, in all gateways. A call during a release runs another one afterwards. */
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
    release().catch((error: unknown) => parts.log.warn({ err: error }, "cannot release held requests now; retrying"));
  }

  return {
    releaseSoon,
    releaseIfWaiting: () => waiting && releaseSoon(),
    release,
    async idle() {
      // The caller that started it handles its failure.
      await Promise.allSettled([working]);
    },
  };
}

/** Returns whether held requests may be left. */
async function releaseOnce({ db, bus, fleet, relay }: BulkParts): Promise<boolean> {
  if ((await readHeld(db, 1)).length === 0) return false;
  if (!bus.connected()) return true;
  const released = await db.transaction().execute(async (tx) => {
    if (!(await tryLockRelease(tx))) return [];
    const held = await readHeld(tx, CONSIDERED);
    const room = await readRoom({ bus, fleet }, tx, held);
    return releaseHeld(tx, selectFitting(held, room));
  });
  for (const outboxId of released) relay.publishSoon(outboxId);
  return true;
}

/**
 * How many more requests may wait, for each engine that an agent has. Released requests that are not published yet are counted before the
 * durables are queried, so that none is missed in between.
 */
async function readRoom(
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
    const durable = await bus.account(internetClass(engine.internet)).durableState(engine.name);
    // Nothing is released until a lost durable has been recreated.
    if (!durable) return [[engine.engineId, 0] as const];
    const { pending } = durable;
    // The server's count includes deleted messages until the durable has passed them.
    const waiting = Math.min(pending, published.get(engine.engineId) ?? 0);
    return [[engine.engineId, WAITING_PER_SLOT * slots - waiting - (unpublished.get(engine.engineId) ?? 0)] as const];
  });
  return new Map((await Promise.all(rooms)).flat());
}

/** Selects requests, the oldest first, for which every present engine has room. A request without any present engine waits. */
export function selectFitting(held: readonly HeldRequest[], room: ReadonlyMap<number, number>): number[] {
  const left = new Map(room);
  return held.flatMap(({ outboxId, engineIds }) => {
    const present = engineIds.filter((id) => left.has(id));
    if (present.length === 0 || present.some((id) => (left.get(id) ?? 0) <= 0)) return [];
    for (const id of present) left.set(id, (left.get(id) ?? 0) - 1);
    return [outboxId];
  });
}
