import type { Logger } from "pino";
import { parseMessage, ScanRequest } from "../../schema/messages.js";
import { engineToken } from "../../schema/subjects.js";
import type { Delivery } from "../bus/pulled-request.js";
import type { Engine } from "../engine/engine.js";
import { openPull, type Pull } from "../bus/pull.js";
import { scan, type ScanContext } from "./scan.js";

/** Answers that may wait for the bus beyond the engine's slots before no more work is taken. */
const WAITING_ANSWERS = 64;
const HAND_BACK_DELAY_MS = 1_000;

/** Takes one engine's work from the bus, at most as much as the engine has free slots. */
export interface Intake {
  /** Looks again whether the engine takes work, and how much. */
  update(): void;
  /** Takes nothing while it is held. */
  hold(held: boolean): void;
  /** Takes nothing from now on; resolves when all that was taken is answered or handed back. */
  drain(): Promise<void>;
}

/** Starts taking work as soon as the engine is ready for it. */
export function createIntake(engine: Engine, context: ScanContext): Intake {
  const log: Logger = context.log.child({ engine: engine.manifest.name });
  let pull: Pull | undefined;
  let held = false;
  let occupied = 0;
  let due = false;
  const taken = new Set<Promise<void>>();
  const closing = new Set<Promise<void>>();
  const names = engineToken(engine.manifest.name);

  function update(): void {
    const open = engine.takesWork() && !held;
    if (open) pull ??= openPull(context.bus, engine.manifest.name, { onDelivery, onNeed: topUp, onRefused });
    else if (pull !== undefined) {
      const closed = pull.close().finally(() => closing.delete(closed));
      closing.add(closed);
      pull = undefined;
    }
    topUp();
  }

  /** Once a turn of the event loop, so that slots freed together are asked for together. */
  function topUp(): void {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      if (taken.size < engine.slots.total + WAITING_ANSWERS) pull?.topUp(engine.slots.total - occupied);
    });
  }

  function onRefused(reason: string): void {
    log.debug({ reason }, "the bus gives no work now");
  }

  function onDelivery(delivery: Delivery): void {
    const request = admitted(delivery);
    if (request === undefined) return topUp();
    if (pull === undefined) return delivery.nak(held ? 0 : HAND_BACK_DELAY_MS);
    occupied += 1;
    const work = scan({ request, delivery, engine }, context, () => {
      occupied -= 1;
      topUp();
    }).finally(() => {
      taken.delete(work);
      topUp();
    });
    taken.add(work);
  }

  /** The request, if it is one and names this engine; others are done with at once, without a slot. */
  function admitted(delivery: Delivery): ScanRequest | undefined {
    try {
      const request = parseMessage(ScanRequest, delivery.data);
      if (request.engines.some((name) => engineToken(name) === names)) return request;
      delivery.ack();
    } catch (error) {
      log.error({ err: error }, "a request cannot be read");
      delivery.term();
    }
    return undefined;
  }

  function hold(on: boolean): void {
    held = on;
    update();
  }

  return {
    update,
    hold,
    async drain() {
      hold(true);
      await Promise.all(closing);
      await Promise.all(taken);
    },
  };
}
