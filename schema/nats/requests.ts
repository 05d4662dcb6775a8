/** Requests on NATS: all requests of a connection share an inbox, and one timer that ends those without an answer. */

import { createInbox, ErrorCode, Events, NatsError, type Msg, type NatsConnection, type Subscription } from "nats";
import { sendPieces, type Headers } from "./send.js";

/** Options of a request. */
export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: Headers | undefined;
}

/** How much later than its timeout an unanswered request may end. */
const TICK_MS = 100;

interface OpenRequest {
  readonly subject: string;
  readonly due: number;
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: Error) => void;
}

interface Inbox {
  /** What the subjects of answers begin with. */
  readonly prefix: string;
  readonly open: Map<string, OpenRequest>;
  subscription: Subscription;
  clock: NodeJS.Timeout | undefined;
}

const inboxes = new WeakMap<NatsConnection, Inbox>();
let requests = 0;

/** Opens the inbox for the answers to {@link sendRequest}; once for each connection. */
export function openInbox(nc: NatsConnection, inboxPrefix?: string): void {
  const prefix = `${createInbox(inboxPrefix)}.`;
  const inbox: Inbox = { prefix, open: new Map(), clock: undefined, subscription: subscribe(nc, prefix) };
  inboxes.set(nc, inbox);
  void endWithConnection(nc, inbox);
  void nc.closed().then(() => {
    clearInterval(inbox.clock);
    endAll(inbox, () => NatsError.errorForCode(ErrorCode.ConnectionClosed));
  });
}

/**
 * Sends a request and waits for the answer. Rejects with a NatsError: TIMEOUT; 503 if nobody listens; DISCONNECT if the connection was lost
 * meanwhile, CONNECTION_CLOSED, CONNECTION_DRAINING; MAX_PAYLOAD_EXCEEDED; PERMISSIONS_VIOLATION. After TIMEOUT or DISCONNECT it is unknown
 * whether the request has arrived.
 */
export function sendRequest(
  nc: NatsConnection,
  subject: string,
  pieces: readonly Uint8Array[],
  { timeoutMs, headers }: RequestOptions,
): Promise<Msg> {
  return new Promise((resolve, reject) => {
    const inbox = inboxes.get(nc);
    if (inbox === undefined) throw new Error("requests need a connection of connectNats");
    if (nc.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (nc.isDraining()) throw NatsError.errorForCode(ErrorCode.ConnectionDraining);
    // The server ends the subscription when the account may not listen there.
    if (inbox.subscription.isClosed()) inbox.subscription = subscribe(nc, inbox.prefix);
    const token = (++requests).toString(36);
    sendPieces(nc, subject, pieces, { reply: inbox.prefix + token, headers });
    inbox.open.set(token, { subject, due: performance.now() + timeoutMs, resolve, reject });
    inbox.clock ??= setInterval(() => endOverdue(inbox), TICK_MS);
  });
}

function subscribe(nc: NatsConnection, prefix: string): Subscription {
  return nc.subscribe(`${prefix}*`, {
    callback(error, answer) {
      const inbox = inboxes.get(nc);
      if (inbox === undefined) return;
      if (error) endAll(inbox, () => error);
      else settle(inbox, answer);
    },
  });
}

function settle({ prefix, open }: Inbox, answer: Msg): void {
  const token = answer.subject.slice(prefix.length);
  const waiting = open.get(token);
  if (waiting === undefined) return;
  open.delete(token);
  const hasNoResponder = answer.data.length === 0 && answer.headers?.code === 503;
  if (hasNoResponder) waiting.reject(NatsError.errorForCode(ErrorCode.NoResponders));
  else waiting.resolve(answer);
}

function endOverdue(inbox: Inbox): void {
  const now = performance.now();
  endAll(
    inbox,
    () => NatsError.errorForCode(ErrorCode.Timeout),
    ({ due }) => due <= now,
  );
  if (inbox.open.size > 0) return;
  clearInterval(inbox.clock);
  inbox.clock = undefined;
}

function endAll({ open }: Inbox, makeError: () => Error, isMeant: (waiting: OpenRequest) => boolean = () => true): void {
  for (const [token, waiting] of open) {
    if (!isMeant(waiting)) continue;
    open.delete(token);
    waiting.reject(makeError());
  }
}

/** Ends requests that can no longer be answered. */
async function endWithConnection(nc: NatsConnection, inbox: Inbox): Promise<void> {
  for await (const { type, permissionContext: refused } of nc.status()) {
    if (type === Events.Disconnect) endAll(inbox, () => NatsError.errorForCode(ErrorCode.Disconnect));
    else if (refused?.operation === "publish") {
      const makeError = () =>
        new NatsError(`NATS refuses what is published to ${refused.subject}`, ErrorCode.PermissionsViolation);
      endAll(inbox, makeError, ({ subject }) => subject === refused.subject);
    }
  }
}
