import type { Logger } from "pino";
import { parseMessage, ScanRequest } from "../../schema/messages.js";
import { engineToken } from "../../schema/subjects.js";
import type { Engine } from "../engine/engine.js";
import { openPull, type Pull } from "../bus/pull.js";
import type { PulledRequest } from "../bus/pulled-request.js";
import { handBack, type WorkContext } from "./hand-back.js";
import { scan } from "./scan.js";

/** How many answers may wait to be stored by the bus before the engine takes no more work. */
const MAX_UNSTORED = 64;

const NOT_WELL = ["UNAVAILABLE", "the engine takes no work now"] as const;

/** Pulls one engine's requests from the bus, at most as many as the engine has free slots. */
export interface Intake {
  /** Pulls again or stops, as the engine's health and its free slots have changed. */
  update(): void;
  /** Pulls nothing while it is held. */
  hold(held: boolean): void;
  /** Pulls nothing from now on; resolves when all requests in flight are answered or handed back. */
  drain(): Promise<void>;
}

/** Pulls nothing before the first {@link Intake.update}. */
export function createIntake(engine: Engine, context: WorkContext): Intake {
  const log: Logger = context.log.child({ engine: engine.manifest.name });
  let pull: Pull | undefined;
  let held = false;
  /** Slots that are taken, each from the pull until the run ends. */
  let taken = 0;
  let topUpScheduled = false;
  const unfinished = new Set<Promise<void>>();
  const closing = new Set<Promise<void>>();
  const token = engineToken(engine.manifest.name);

  function update(): void {
    const open = engine.takesWork() && !held;
    if (open) pull ??= openPull(context.bus, engine.manifest.name, { onRequest, onExpired: topUp, onRefused });
    else if (pull !== undefined) {
      const closed = pull.close().finally(() => closing.delete(closed));
      closing.add(closed);
      pull = undefined;
    }
    topUp();
  }

  /** Once per turn of the event loop, so that slots freed together are filled by one pull. */
  function topUp(): void {
    if (topUpScheduled) return;
    topUpScheduled = true;
    setImmediate(() => {
      topUpScheduled = false;
      if (unfinished.size < engine.slots.total + MAX_UNSTORED) pull?.topUp(engine.slots.total - taken);
    });
  }

  function onRefused(reason: string): void {
    log.debug({ reason }, "NATS serves no requests now; retrying");
  }

  function onRequest(pulled: PulledRequest): void {
    const request = readRequest(pulled);
    if (request === undefined) return topUp();
    const assignment = { request, pulled, engine };
    if (pull === undefined) {
      const [cause, reason] = held ? (["STOPPING", "the agent takes no work"] as const) : NOT_WELL;
      return follow(handBack(assignment, context, cause, reason));
    }
    taken += 1;
    const onSlotFree = () => {
      taken -= 1;
      topUp();
    };
    follow(scan(assignment, context, onSlotFree));
  }

  function follow(work: Promise<void>): void {
    const followed = work.finally(() => {
      unfinished.delete(followed);
      topUp();
    });
    unfinished.add(followed);
  }

  /** The request, if it is valid and names this engine; any other is acknowledged at once, without taking a slot. */
  function readRequest(pulled: PulledRequest): ScanRequest | undefined {
    try {
      const request = parseMessage(ScanRequest, pulled.data);
      if (request.engines.some((name) => engineToken(name) === token)) return request;
      pulled.ack();
    } catch (error) {
      log.error({ err: error }, "Ignored a malformed request");
      pulled.term();
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
      await Promise.all(unfinished);
    },
  };
}
