/** The ways by which news of a scan come: WebSocket, server-sent events, and questions again and again. */

import { setTimeout as pause } from "node:timers/promises";
import { createClient as createStreamClient, NetworkError } from "graphql-sse";
import { CloseCode, createClient as createSocketClient } from "graphql-ws";
import { WebSocket } from "ws";
import { createAbortController } from "../schema/abort-controller.js";
import { gatewayAddress, Unreachable, unreachable } from "./gateway-address.js";
import { refusal, type Ask, type GraphQLProblem } from "./graphql-http.js";
import { REPORT_FIELDS, type Report } from "./report.js";
import { readRetryAfter, TryLater } from "./retry-after.js";
import { OperatorError } from "../schema/operator-error.js";

export interface Transport {
  /** What is told when it takes over from the one before. */
  readonly notice: string;
  /** Each change of a scan. Throws {@link Unreachable} if it does not get through, and what the gateway refuses. */
  watch(scanId: number): AsyncIterableIterator<Report>;
}

/** Milliseconds. */
export interface Pace {
  /** For a connection to begin. */
  readonly startMs: number;
  /** For an answer to a question. */
  readonly answerMs: number;
  /** Without news until the scan is asked for. */
  readonly silenceMs: number;
  /** Between two questions, at first and at last. */
  readonly pollMs: readonly [number, number];
}

export const PACE: Pace = { startMs: 5_000, answerMs: 60_000, silenceMs: 30_000, pollMs: [1_000, 5_000] };

/** For whoever does not answer that a connection ends. */
const CLOSE_MS = 1_000;
const WATCH = `subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { ${REPORT_FIELDS} } }`;
const READ = `query ReadScan($id: SafeInt!) { scan(id: $id) { ${REPORT_FIELDS} } }`;

export function socketTransport(url: string, apiKey: string | undefined, { startMs }: Pace): Transport {
  const options = { handshakeTimeout: startMs, closeTimeout: CLOSE_MS };
  class PatientSocket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, options);
    }
  }
  const connect = () =>
    createSocketClient({
      url: gatewayAddress(url, "/graphql").replace(/^http/, "ws"),
      webSocketImpl: PatientSocket,
      ...(apiKey === undefined ? {} : { connectionParams: { apiKey } }),
      retryAttempts: 0,
      connectionAckWaitTimeout: startMs,
    });
  return {
    notice: "Scans are watched by WebSocket.",
    // A connection for each scan: one that has gone silent is left with its scan.
    watch: (id) =>
      reportsOf(connect().iterate<{ scanUpdated: Report }>({ query: WATCH, variables: { id } }), (error) =>
        isUnauthorized(error) ? new OperatorError(error.reason) : unreachable(url, error),
      ),
  };
}

export function streamTransport(url: string, apiKey: string | undefined, { startMs }: Pace): Transport {
  const streams = createStreamClient({
    url: gatewayAddress(url, "/graphql/stream"),
    ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
    retryAttempts: 0,
  });
  return {
    notice: "WebSocket does not get through to the gateway: scans are watched by server-sent events.",
    watch(id) {
      let isLate = false;
      const events = streams.iterate<{ scanUpdated: Report }>(
        { query: WATCH, variables: { id } },
        { message: () => clearTimeout(timer) },
      );
      // A proxy that buffers holds back what it has until there is more of it.
      const timer = setTimeout(() => {
        isLate = true;
        void events.return?.();
      }, startMs);
      const reports = reportsOf(events, (error) => laterOrUnreachable(url, error));
      return {
        ...reports,
        async next() {
          const next = await reports.next();
          if (isLate) throw new Unreachable(`no event came within ${startMs / 1_000} seconds`);
          return next;
        },
        return() {
          clearTimeout(timer);
          return reports.return();
        },
      };
    },
  };
}

export function pollTransport(ask: Ask, { pollMs: [shortest, longest] }: Pace): Transport {
  return {
    notice: `Server-sent events do not get through to the gateway: it is asked for each scan every ${shortest / 1_000} to ${longest / 1_000} seconds.`,
    watch(id) {
      const stop = createAbortController();
      let before = "";
      let wait = 0;
      return iterator(
        async () => {
          try {
            for (;;) {
              await pause(wait, undefined, { signal: stop.signal });
              const report = await readScan(ask, id, stop.signal);
              const now = JSON.stringify(report);
              wait = now === before ? Math.min(wait * 1.5, longest) : shortest;
              if (now !== before) {
                before = now;
                return report;
              }
            }
          } catch (error) {
            if (stop.signal.aborted) return undefined;
            throw error;
          }
        },
        () => stop.abort(),
      );
    },
  };
}

/** A scan as it is now. */
export async function readScan(ask: Ask, id: number, signal: AbortSignal): Promise<Report> {
  const { scan } = await ask<{ scan: Report | null }>(READ, { id }, signal);
  if (!scan) throw new OperatorError(`scan ${id} is not there any more`);
  return scan;
}

interface WatchEvent {
  readonly data?: { readonly scanUpdated: Report } | null | undefined;
  readonly errors?: readonly GraphQLProblem[] | undefined;
}

function reportsOf(results: AsyncIterableIterator<WatchEvent>, explain: (error: unknown) => Error): ReportIterator {
  return iterator(
    async () => {
      try {
        for (let next = await results.next(); !next.done; next = await results.next()) {
          const { data, errors } = next.value;
          if (errors?.[0]) throw refusal(errors[0]);
          if (data) return data.scanUpdated;
        }
        return undefined;
      } catch (error) {
        if (error instanceof OperatorError) throw error;
        throw Array.isArray(error) ? refusal(error[0] as GraphQLProblem) : explain(error);
      }
    },
    () => void results.return?.(),
  );
}

interface ReportIterator extends AsyncIterableIterator<Report> {
  return(): Promise<IteratorResult<Report>>;
}

/** No generator: one that waits could not be left. */
function iterator(read: () => Promise<Report | undefined>, leave: () => void): ReportIterator {
  return {
    async next() {
      const value = await read();
      return value ? { value } : { done: true, value: undefined };
    },
    async return() {
      leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function laterOrUnreachable(url: string, error: unknown): Error {
  if (!(error instanceof NetworkError)) return unreachable(url, error);
  const response = error.response as Response | undefined;
  const seconds = response && readRetryAfter(response.status, response.headers.get("retry-after"));
  return seconds === undefined ? unreachable(url, error) : new TryLater(`HTTP ${response?.status}`, seconds);
}

function isUnauthorized(event: unknown): event is { readonly reason: string } {
  return (event as { code?: unknown } | undefined)?.code === CloseCode.Unauthorized;
}
