import { pullSubject } from "../../schema/subjects.js";
import type { Bus, BusMessage } from "./bus.js";
import { deliveryOf, type Delivery } from "./pulled-request.js";

const EXPIRES_MS = 10_000;
/** The server says nothing at all to a pull from a durable that is not made yet, so such a pull is tried again soon. */
const FIRST_EXPIRES_MS = 400;
/** How long after its end a pull that the server does not mention counts as gone. */
const GRACE_MS = 200;
const REFUSED_PAUSE_MS = 500;

/** A standing subscription to one engine's durable. */
export interface Pull {
  /** Asks for deliveries until `wanted` are outstanding. */
  topUp(wanted: number): void;
  /** Asks for no more; what is on its way is still handed over before this resolves. */
  close(): Promise<void>;
}

/** What a pull reports. `onNeed` says that a pull ended without filling: top it up again. */
export interface PullHandlers {
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onNeed: () => void;
  readonly onRefused: (reason: string) => void;
}

/** Opens a standing pull. The server's own messages only lower the count of what is outstanding. */
export function openPull(bus: Bus, engine: string, handlers: PullHandlers): Pull {
  const subject = pullSubject(engine);
  let inbox = bus.inbox(onMessage);
  let outstanding = 0;
  let pulls = 0;
  let known = false;
  let paused = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  // Pulls of a lost connection would be served again if the inbox came back with the new one, beside those made anew.
  const forget = bus.onReconnect(() => {
    void inbox.close();
    inbox = bus.inbox(onMessage);
    known = false;
    needAgain(0);
  });

  function onMessage(message: BusMessage): void {
    if (message.status !== undefined) return onStatus(message.status, message);
    outstanding = Math.max(0, outstanding - 1);
    known = true;
    const delivery = deliveryOf(bus, message);
    if (delivery !== undefined) handlers.onDelivery(delivery);
  }

  function onStatus(status: number, message: BusMessage): void {
    if (status === 100) return;
    const pending = Number(message.header("Nats-Pending-Messages"));
    if (status === 408 && Number.isSafeInteger(pending)) {
      known = true;
      outstanding = Math.max(0, outstanding - pending);
      return handlers.onNeed();
    }
    // 503 (JetStream is away), 409 (durable deleted, server shutting down, too many pulls), 404 (nothing there).
    if (status !== 404) handlers.onRefused(`${status} ${message.description}`.trim());
    known = false;
    needAgain(REFUSED_PAUSE_MS);
  }

  function needAgain(afterMs: number): void {
    outstanding = 0;
    paused = true;
    arm(afterMs);
  }

  function arm(afterMs: number): void {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => {
      // The newest pull has expired, so every pull has: whatever the server did not say, nothing is outstanding.
      outstanding = 0;
      paused = false;
      handlers.onNeed();
    }, afterMs);
  }

  return {
    topUp(wanted) {
      const batch = wanted - outstanding;
      if (closed || batch <= 0 || paused) return;
      const expiresMs = known ? EXPIRES_MS : FIRST_EXPIRES_MS;
      outstanding += batch;
      bus.publish(subject, JSON.stringify({ batch, expires: expiresMs * 1_000_000 }), { reply: `${inbox.subject}.${++pulls}` });
      arm(expiresMs + GRACE_MS);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      forget();
      await inbox.close();
    },
  };
}
