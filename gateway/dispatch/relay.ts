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

/** Publishes requests from the outbox. */
export interface Relay {
  /** Publishes requests that were just committed, in the background. If that fails, {@link Relay.publishOverdue} does it. */
  publish(requests: readonly OutboxRequest[]): void;
  /** The same for a request that must be read from the outbox first. */
  publishSoon(outboxId: number): void;
  /** Removes requests of withdrawn scans from the bus that this gateway has published but not marked yet. Best effort. */
  retract(scanIds: readonly number[]): Promise<void>;
  /** Called for final scans: their published requests need no mark any more. */
  forget(scanIds: readonly number[]): void;
  /** Publishes requests that are still unpublished some time after their commit. Returns how many. */
  publishOverdue(): Promise<number>;
  /** Waits for the current work to finish. */
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
 * Requests that are still open this long after publishing are marked. It is shorter than {@link OVERDUE_MS}, after which any gateway
 * publishes unmarked requests.
 */
const MARK_AFTER_MS = 1_000;
const BATCH = 200;
/** How many samples are copied to the internet account concurrently; each has 4 MiB of chunks in flight. */
const COPIES = 4;

class CopyFailed extends Error {}

/** Copies a request's sample to the internet account, unless it is there. Returns whether its bytes are missing. */
type CopySample = (request: OutboxRequest) => Promise<boolean>;

export function createRelay(given: RelayParts): Relay {
  const parts: Parts = { ...given, failures: createFailureLog(given.log) };
  const pending = new Set<Promise<unknown>>();
  const copyEach = batched<OutboxRequest, boolean>(
    (requests) => Promise.all(requests.map((request) => isMissingAfterCopy(parts, request))),
    { size: 1, parallel: COPIES },
  );
  /** Pending copies by blob. A scan's requests to engines of several speeds share one. */
  const copies = new Map<string | null, Promise<boolean>>();
  const copy: CopySample = (request) => {
    const { blob } = request.sample;
    const task = copies.get(blob) ?? copyEach(request).finally(() => copies.delete(blob));
    copies.set(blob, task);
    return task;
  };

  const unmarked = createUnmarked(MARK_AFTER_MS, async (published) => {
    parts.failpoint("outbox.before_mark");
    // Requests that were withdrawn meanwhile could not be removed without their sequence, so they are removed now.
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

  /** Copies in progress for overdue requests, by outbox id. */
  const copying = new Map<number, Promise<void>>();
  /** Requests whose bytes turned out to be missing. They are published anyway. */
  const missing = new Set<number>();
  const overdue = createRowBatches(BATCH, parts.log, "request");

  /** Copies the samples of overdue requests in the background, because large copies would hold up the sweep. */
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
          // The transaction does not wait for copies: a request that lacks one is published later and does not hold up the others.
          const ready = await lockUnpublished(tx, OVERDUE_MS, range, withoutBytes);
          took(ready.map(({ outboxId }) => outboxId));
          const published = await publishAll(parts, async () => true, ready);
          // Their rows are locked, so they cannot be withdrawn meanwhile.
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

/** Recording results deletes rows of final scans in another order, by scan, so a deadlock is possible and is retried. */
function mark(db: Database, published: readonly Published[]): Promise<Published[]> {
  return retryDeadlock(() => markPublished(db, published));
}

/** Publishes requests. Returns those that the bus acknowledged; failures are logged and stay in the outbox. */
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

/** A failed request is retried many times a second, so its failure is logged once. */
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
  // Only engines that read the bytes get the key.
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

/** Removes requests from the bus that were withdrawn while they were being published. */
async function retract({ bus }: RelayParts, withdrawn: readonly Published[]): Promise<void> {
  for (const { internet, stream, seq } of withdrawn) await bus.account(internetClass(internet)).removeRequests(stream, [seq]);
}

/**
 * Copies the sample to the internet account, unless it is there. Returns whether its bytes are missing. If two gateways do this at once,
 * both copies stay until none is needed: nats-server 2.9 no longer finds a chunk after the newer of two on its subject is deleted.
 */
async function isMissingAfterCopy({ db, samples }: RelayParts, { sample, isolated }: OutboxRequest): Promise<boolean> {
  const { sampleId, blob } = sample;
  if (blob === null || isolated === null || (await readSample(db, sampleId))?.internet) return false;
  const location = await samples.copyToInternet({ blob, location: isolated }).catch((error: unknown) => {
    // The request is published anyway: the agent will find the bytes missing and say so in its result.
    if (error instanceof BytesMissing) return undefined;
    throw new CopyFailed("the copy has failed", { cause: error });
  });
  if (location && !(await addInternetCopy(db, sampleId, { blob, location }))) await samples.remove("internet", [location]);
  return location === undefined;
}
