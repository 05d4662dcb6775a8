import { pullSubject } from "../../schema/subjects.js";
import type { Bus, BusMessage } from "./bus.js";
import { readPulled, type PulledRequest } from "./pulled-request.js";

const EXPIRES_MS = 10_000;
/** The server never answers a pull from a durable that does not exist yet, so such a pull is repeated soon. */
const FIRST_EXPIRES_MS = 400;
/** How long after its expiry a pull that the server did not answer counts as gone. */
const GRACE_MS = 200;
const REFUSED_PAUSE_MS = 500;

/** Pulls one engine's requests from its durable. */
export interface Pull {
  /** Asks for requests until `wanted` are outstanding. */
  topUp(wanted: number): void;
  /** Asks for no more; requests that are on their way are still delivered before this resolves. */
  close(): Promise<void>;
}

/** Callbacks of a pull. */
export interface PullHandlers {
  readonly onRequest: (request: PulledRequest) => void;
  /** A pull ended before it was filled: call {@link Pull.topUp} again. */
  readonly onExpired: () => void;
  /** The server does not serve pulls now. */
  readonly onRefused: (reason: string) => void;
}

/** Opens a pull that lasts until it is closed. */
export function openPull(bus: Bus, engine: string, handlers: PullHandlers): Pull {
  const subject = pullSubject(engine);
  let inbox = bus.inbox(onMessage);
  let outstanding = 0;
  let pulls = 0;
  /** Whether the durable has answered since the connection was made. */
  let durableExists = false;
  let paused = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  // A new inbox: the server would go on serving the pulls of the lost connection to the old one, beside the new pulls.
  const stopListening = bus.onReconnect(() => {
    void inbox.close();
    inbox = bus.inbox(onMessage);
    durableExists = false;
    restart(0);
  });

  function onMessage(message: BusMessage): void {
    if (message.status !== undefined) return onStatus(message.status, message);
    outstanding = Math.max(0, outstanding - 1);
    durableExists = true;
    const request = readPulled(bus, message);
    if (request !== undefined) handlers.onRequest(request);
  }

  function onStatus(status: number, message: BusMessage): void {
    if (status === 100) return;
    const pending = Number(message.header("Nats-Pending-Messages"));
    if (status === 408 && Number.isSafeInteger(pending)) {
      durableExists = true;
      outstanding = Math.max(0, outstanding - pending);
      return handlers.onExpired();
    }
    // 503: JetStream is away. 409: the durable was deleted, the server shuts down, or too many pulls. 404: no messages.
    if (status !== 404) handlers.onRefused(`${status} ${message.description}`.trim());
    durableExists = false;
    restart(REFUSED_PAUSE_MS);
  }

  function restart(afterMs: number): void {
    outstanding = 0;
    paused = true;
    arm(afterMs);
  }

  function arm(afterMs: number): void {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => {
      // The newest pull has expired, so all others have too: nothing is outstanding, even if the server did not report it.
      outstanding = 0;
      paused = false;
      handlers.onExpired();
    }, afterMs);
  }

  return {
    topUp(wanted) {
      const batch = wanted - outstanding;
      if (closed || batch <= 0 || paused) return;
      const expiresMs = durableExists ? EXPIRES_MS : FIRST_EXPIRES_MS;
      outstanding += batch;
      bus.publish(subject, JSON.stringify({ batch, expires: expiresMs * 1_000_000 }), { reply: `${inbox.subject}.${++pulls}` });
      arm(expiresMs + GRACE_MS);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      stopListening();
      await inbox.close();
    },
  };
}
