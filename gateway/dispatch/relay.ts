import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import { encodeMessage } from "../../schema/messages.js";
import { scanSubject } from "../../schema/subjects.js";
import { batched } from "../batches/batch.js";
import type { Bus } from "../bus/bus.js";
import { BytesMissing, type SampleStore } from "../bus/sample-store.js";
import { retryDeadlock, type Database } from "../db/database.js";
import {
  lockUnpublished,
  markPublished,
  OVERDUE_MS,
  readLackingCopy,
  readRequests,
  type OutboxRequest,
  type Published,
} from "../db/outbox.js";
import { createRowBatches } from "../batches/row-batches.js";
import { addInternetCopy, readSample } from "../db/samples.js";
import type { MessageVersion } from "../fleet/message-version.js";
import type { Failpoint } from "../failpoint.js";
import type { Metrics } from "../metrics.js";
import { createFailureLog, type FailureLog } from "./failures.js";
import { createUnmarked } from "./unmarked.js";

/** Publishes what the outbox holds. */
export interface Relay {
  /** Publishes requests as they were just committed, in the background. If it fails, {@link Relay.publishOverdue} does it. */
  publish(requests: readonly OutboxRequest[]): void;
  /** The same for a request that has to be read from the outbox. */
  publishSoon(outboxId: number): void;
  /** Removes from the bus what this gateway has published of withdrawn scans and not marked yet. Best effort. */
  retract(scanIds: readonly number[]): Promise<void>;
  /** Scans are final: what this gateway has published of them and not marked yet needs no mark. */
  forget(scanIds: readonly number[]): void;
  /** Publishes requests that are still unpublished although their commit was a while ago. Returns how many. */
  publishOverdue(): Promise<number>;
  /** Waits for work that is under way. */
  idle(): Promise<void>;
}

export interface RelayParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly samples: SampleStore;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly failpoint: Failpoint;
  readonly version: Pick<MessageVersion, "current">;
}

interface Parts extends RelayParts {
  readonly failures: FailureLog;
}

/**
 * Requests that are still open so long after they were published are marked. It is less than {@link OVERDUE_MS}, after which any
 * gateway publishes what is not marked.
 */
const MARK_AFTER_MS = 1_000;
const BATCH = 200;
/** How many samples are copied to the internet account at once: each has 4 MiB of chunks in flight. */
const COPIES = 4;

class CopyFailed extends Error {}

/** Copies a request's sample to the internet account, if it is not there. Returns whether its bytes are missing. */
type CopySample = (request: OutboxRequest) => Promise<boolean>;

export function createRelay(given: RelayParts): Relay {
  const parts: Parts = { ...given, failures: createFailureLog(given.log) };
  const pending = new Set<Promise<unknown>>();
  const copyEach = batched<OutboxRequest, boolean>(
    (requests) => Promise.all(requests.map((request) => isMissingAfterCopy(parts, request))),
    { size: 1, parallel: COPIES },
  );
  /** By blob: copies that wait or are under way. A scan's requests to engines of several speeds need the same one. */
  const copies = new Map<string | null, Promise<boolean>>();
  const copy: CopySample = (request) => {
    const { blob } = request.sample;
    const task = copies.get(blob) ?? copyEach(request).finally(() => copies.delete(blob));
    copies.set(blob, task);
    return task;
  };

  const unmarked = createUnmarked(MARK_AFTER_MS, async (published) => {
    parts.failpoint("outbox.before_mark");
    // What was withdrawn meanwhile had no sequence by which it could be removed.
    await mark(parts.db, published)
      .then((withdrawn) => retract(parts, withdrawn))
      .catch((error: unknown) => parts.log.warn({ err: error }, "cannot mark published requests; they are published again"));
  });

  function track(work: Promise<unknown>): void {
    const task: Promise<unknown> = work.finally(() => pending.delete(task));
    pending.add(task);
  }

  const publishStored = batched<number, void>(
    async (outboxIds) => {
      parts.failpoint("outbox.before_publish");
      const published = await publishAll(parts, copy, await readRequests(parts.db, outboxIds));
      parts.failpoint("outbox.before_mark");
      await retract(parts, await mark(parts.db, published));
      return outboxIds.map(() => undefined);
    },
    { size: BATCH, parallel: 2 },
  );

  /** By outbox id: copies under way that overdue requests lack. */
  const copying = new Map<number, Promise<void>>();
  /** Requests whose bytes were found to be missing. They are published all the same. */
  const missing = new Set<number>();
  const overdue = createRowBatches(BATCH, parts.log, "request");

  /** Makes the copies that overdue requests lack, in the background: large ones take long, and the sweep has more to do. */
  async function copySoon(): Promise<void> {
    for (const request of await readLackingCopy(parts.db, OVERDUE_MS, BATCH)) {
      const { outboxId } = request;
      if (copying.has(outboxId)) continue;
      const task = copy(request)
        .then((isMissing) => void (isMissing && missing.add(outboxId)))
        .catch((error: unknown) => noteFailure(parts, request, error))
        .finally(() => copying.delete(outboxId));
      copying.set(outboxId, task);
    }
  }

  return {
    publish(requests) {
      if (requests.length === 0) return;
      parts.failpoint("outbox.before_publish");
      for (const request of requests) {
        track(
          publishOne(parts, copy, request).then(
            (published) => unmarked.add(published),
            (error: unknown) => noteFailure(parts, request, error),
          ),
        );
      }
    },
    publishSoon(outboxId) {
      track(
        publishStored(outboxId).catch((error: unknown) =>
          parts.log.warn({ err: error, outboxId }, "cannot publish a request now; it stays in the outbox"),
        ),
      );
    },
    async retract(scanIds) {
      const published = unmarked.takeOf(scanIds);
      await retract(parts, published).catch((error: unknown) =>
        parts.log.warn(
          { err: error, scans: scanIds },
          "cannot remove withdrawn requests from the bus now; agents may answer them",
        ),
      );
    },
    forget: (scanIds) => void unmarked.takeOf(scanIds),
    async publishOverdue() {
      let count = 0;
      const withoutBytes = [...missing];
      await overdue.run(({ took, ...range }) =>
        parts.db.transaction().execute(async (tx) => {
          // A transaction does not wait for copies: what lacks one is published once it has it, and holds up no other.
          const ready = await lockUnpublished(tx, OVERDUE_MS, range, withoutBytes);
          took(ready.map(({ outboxId }) => outboxId));
          const published = await publishAll(parts, async () => true, ready);
          // Their rows are locked, so none can be withdrawn meanwhile.
          await markPublished(tx, published);
          count = published.length;
          return false;
        }),
      );
      for (const outboxId of withoutBytes) missing.delete(outboxId);
      await copySoon();
      return count;
    },
    async idle() {
      await Promise.all([...pending, ...copying.values()]);
      await unmarked.flush();
    },
  };
}

/** Recording a result deletes the rows of final scans, in the order of the scans. After a deadlock this is done again. */
function mark(db: Database, published: readonly Published[]): Promise<Published[]> {
  return retryDeadlock(() => markPublished(db, published));
}

/** Publishes requests. Returns those that the bus has acknowledged; others are logged, and stay in the outbox. */
async function publishAll(parts: Parts, copy: CopySample, requests: readonly OutboxRequest[]): Promise<Published[]> {
  const published = await Promise.all(
    requests.map(async (request) => {
      try {
        return await publishOne(parts, copy, request);
      } catch (error) {
        noteFailure(parts, request, error);
        return undefined;
      }
    }),
  );
  return published.filter((one) => one !== undefined);
}

/** What fails is tried again many times a second. */
function noteFailure(
  { metrics, failures }: Parts,
  { scanId, outboxId, sample: { sha256 } }: OutboxRequest,
  error: unknown,
): void {
  if (error instanceof CopyFailed) {
    metrics.copyFailures.inc();
    const message = "cannot copy a sample to the internet account now; it is tried again, and this is logged once";
    return failures.note(`copy ${sha256}`, error.cause, { scan: scanId, sha256 }, message);
  }
  metrics.publishFailures.inc();
  const message = "cannot publish a request now; it stays in the outbox, and this is logged once";
  failures.note(`request ${outboxId}`, error, { scan: scanId, outboxId }, message);
}

function wantsBytes({ engines }: OutboxRequest): boolean {
  return engines.some(({ input }) => input === "file");
}

async function publishOne(parts: Parts, copy: CopySample, request: OutboxRequest): Promise<Published> {
  const accountClass = internetClass(request.internet);
  if (request.lacksCopy) await copy(request);
  const { sampleId: _, blob, key, ...sample } = request.sample;
  // The key is for those who are given bytes.
  const bytes = wantsBytes(request) ? { blob, ...(key === null ? {} : { key }) } : { blob: null };
  const message = encodeMessage({
    v: 1,
    scan: request.scanId,
    sample: { ...sample, ...bytes },
    engines: request.engines.map(({ name }) => name),
    timeoutMs: Math.max(1, Math.round(request.remainingMs)),
    ...(request.crashes === 0 ? {} : { crashes: request.crashes }),
    answers: parts.version.current(),
  });
  const ack = await parts.bus.account(accountClass).publishRequest(request.speed, message, `request-${request.outboxId}`);
  parts.metrics.requestsPublished.labels(scanSubject(request.speed, accountClass)).inc();
  return { outboxId: request.outboxId, scanId: request.scanId, internet: request.internet, ...ack };
}

/** Removes from the bus what was withdrawn while it was being published. */
async function retract({ bus }: RelayParts, withdrawn: readonly Published[]): Promise<void> {
  for (const { internet, stream, seq } of withdrawn) await bus.account(internetClass(internet)).removeRequests(stream, [seq]);
}

/**
 * Copies the sample into the internet account, unless it is there. If two gateways do so at once, both copies stay until none is
 * needed: nats-server 2.9 no longer finds a chunk once the newer of two on its subject is deleted.
 */
async function isMissingAfterCopy({ db, samples }: RelayParts, { sample, isolated }: OutboxRequest): Promise<boolean> {
  const { sampleId, blob } = sample;
  if (blob === null || isolated === null || (await readSample(db, sampleId))?.internet) return false;
  const location = await samples.copyToInternet({ blob, location: isolated }).catch((error: unknown) => {
    // The request is published all the same: the agent finds that the bytes are missing, and its result says so.
    if (error instanceof BytesMissing) return undefined;
    throw new CopyFailed("the copy has failed", { cause: error });
  });
  if (location && !(await addInternetCopy(db, sampleId, { blob, location }))) await samples.remove("internet", [location]);
  return location === undefined;
}
