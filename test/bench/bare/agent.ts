/** The bare path's agent: pulls requests, reads samples, checks their sha256 and answers. `agent.js null|spin <iterations>`. */

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Msg } from "nats";
import { notifyParent } from "../../../schema/lifecycle.js";
import { CHUNK_BYTES } from "../../../schema/streams.js";
import { chunkReadSubject, inboxPrefix, pullSubject, resultSubject } from "../../../schema/subjects.js";
import { SLOTS } from "../slots.js";
import { createSpinPool } from "../spin.js";
import { AGENT, endWithParent, ENGINE, openLink, storedAs, TIMEOUT_MS } from "./link.js";
import type { BareRequest } from "./request.js";

const READS_AHEAD = 4;
const EXPIRES_MS = 10_000;
const GRACE_MS = 200;
const EXPIRED = 408;

endWithParent();
const [, , kind, iterationsPerMs] = process.argv;
const pool = kind === "spin" ? createSpinPool(availableParallelism(), Number(iterationsPerMs)) : undefined;
const slots = pool === undefined ? SLOTS.null : SLOTS.spin;
const work = await openLink("agent work");
const samples = await openLink("agent samples");
const inbox = `${inboxPrefix(AGENT)}.pull`;
let busy = 0;
let outstanding = 0;
let due = false;
let timer: NodeJS.Timeout | undefined;

/** Once for all that happens in a turn of the event loop. */
function topUp(): void {
  if (due) return;
  due = true;
  setImmediate(() => {
    due = false;
    const batch = slots - busy - outstanding;
    if (batch <= 0) return;
    outstanding += batch;
    work.publish(pullSubject(ENGINE), JSON.stringify({ batch, expires: EXPIRES_MS * 1e6 }), { reply: `${inbox}.1` });
    clearTimeout(timer);
    timer = setTimeout(() => {
      outstanding = 0;
      topUp();
    }, EXPIRES_MS + GRACE_MS);
  });
}

function onMessage(error: Error | null, message: Msg): void {
  if (error) throw error;
  const status = message.headers?.code ?? 0;
  if (status === EXPIRED) {
    outstanding = Math.max(0, outstanding - Number(message.headers?.get("Nats-Pending-Messages")));
    return topUp();
  }
  if (status !== 0) throw new Error(`the pull ended with ${status}`);
  outstanding -= 1;
  busy += 1;
  void scan(message).then(() => {
    busy -= 1;
    topUp();
  });
}

async function scan(message: Msg): Promise<void> {
  const { scan: id, sample } = message.json<BareRequest>();
  await checkBytes(sample);
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  await pool?.spin(sample.size);
  const result = {
    v: 1,
    scan: id,
    agent: AGENT,
    state: "DONE",
    verdict: null,
    signature: null,
    error: null,
    versions: { engine: "bench", signatures: null, signatureDate: null },
    image: null,
    startedAt,
    durationMs: performance.now() - begun,
    details: null,
    truncated: false,
  };
  storedAs(await work.request(resultSubject(ENGINE), JSON.stringify(result), { timeout: TIMEOUT_MS }));
  // The acknowledgement is the last line here, too.
  message.respond("+ACK");
}

async function checkBytes({ blob, size, sha256 }: BareRequest["sample"]): Promise<void> {
  const count = Math.max(1, Math.ceil(size / CHUNK_BYTES));
  const hash = createHash("sha256");
  const reads: Promise<Msg>[] = [];
  for (let n = 0, next = 0; n < count; n++) {
    for (; next < count && reads.length < READS_AHEAD; next++)
      reads.push(samples.request(chunkReadSubject(blob, next), "", { timeout: TIMEOUT_MS }));
    const chunk = await reads.shift();
    if (chunk) hash.update(chunk.data);
  }
  if (hash.digest("hex") !== sha256) throw new Error(`the blob ${blob} does not have its sample's sha256`);
}

work.subscribe(`${inbox}.*`, { callback: onMessage });
topUp();
await work.flush();
notifyParent({ kind: "ready", agent: AGENT, engines: [], mistakes: [] });
