import type { Logger } from "pino";
import type { ScanRequest } from "../../schema/messages.js";
import type { ReturnCause } from "../../schema/return-cause.js";
import type { Answers } from "../bus/answers.js";
import type { Bus } from "../bus/bus.js";
import type { PulledRequest } from "../bus/pulled-request.js";
import { Unavailable } from "../contract.js";
import type { Engine } from "../engine/engine.js";
import type { Inspector } from "../inspect/inspector.js";
import type { SampleCache } from "../samples/sample-cache.js";
import type { InFlight } from "./in-flight.js";

/** What scans use of their agent. */
export interface WorkContext {
  readonly bus: Bus;
  readonly answers: Answers;
  readonly samples: SampleCache;
  readonly inspector: Inspector;
  readonly agent: string;
  readonly ackWaitMs: number;
  /** How long the bus may refuse an answer before the request is handed back. */
  readonly publishMs: number;
  readonly inFlight: InFlight;
  readonly log: Logger;
}

/** A request and the engine that is to answer it. */
export interface Assignment {
  readonly request: ScanRequest;
  readonly pulled: PulledRequest;
  readonly engine: Engine;
}

/** How many agents this request may have crashed: every earlier delivery ended without an answer. */
export function countCrashes({ request, pulled }: Pick<Assignment, "request" | "pulled">): number {
  return (request.crashes ?? 0) + pulled.deliveries - 1;
}

/**
 * Returns a request to the gateway, which publishes it anew, and acknowledges it then: NATS would count a negative
 * acknowledgement as one more delivery, like a crash. Never throws.
 */
export async function handBack(
  { request, pulled, engine }: Assignment,
  { answers, agent, log }: WorkContext,
  cause: ReturnCause,
  reason: string,
): Promise<void> {
  const about = { scan: request.scan, engine: engine.manifest.name };
  const crashes = countCrashes({ request, pulled });
  const { sequence } = pulled;
  try {
    const message = { v: 1, scan: request.scan, agent, state: "RETURNED", sequence, crashes, cause } as const;
    await answers.publish(engine.manifest.name, message, request.answers);
    pulled.ack();
    log.info({ ...about, reason }, "Handed a request back");
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ ...about, reason: error.message }, "Cannot hand a request back; NATS delivers it again");
    pulled.nak(0);
  }
}
