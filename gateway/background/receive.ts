import { parseAnswers } from "../../schema/answer-batch.js";
import type { InternetClass } from "../../schema/classes.js";
import { MalformedMessage, MAX_RESULT_BYTES, type AgentAnswer, type ResultMessage } from "../../schema/messages.js";
import { CRASHED_REPEATEDLY_ERROR, type ResultCause } from "../../schema/states.js";
import { DETAILS_LIMITS, storableValue } from "../../schema/storable.js";
import { agentOfResult, engineOfResult } from "../../schema/subjects.js";
import type { ResultDelivery } from "../bus/bus.js";
import type { IncomingResult } from "../db/results.js";
import type { ScanContext } from "../scan/context.js";
import { settleTogether, type Settlement } from "./settlement.js";
import type { Returns } from "./returned.js";

/** A result, and how to settle its delivery. */
export interface ReceivedResult {
  readonly delivery: Settlement;
  readonly result: IncomingResult;
  readonly subject: string;
  /** Its share of the message's bytes. */
  readonly bytes: number;
  /** Whether it is the only answer in its message. */
  readonly isAlone: boolean;
}

/**
 * Parses the results in a message and hands over returned requests. The engine is taken from the subject, not from the message. Malformed
 * answers are rejected for good, one by one. So are messages from the account of the other class, and answers whose agent is not the one
 * that published them.
 */
export function receive(
  ctx: ScanContext,
  internet: InternetClass,
  delivery: ResultDelivery,
  returns: Returns,
): readonly ReceivedResult[] {
  const { subject, data } = delivery;
  const reject = (settlement: Settlement, error: unknown) => {
    // A redelivery would fail the same way.
    ctx.metrics.resultsIgnored.labels(error instanceof OfAnotherAgent ? "another agent" : "malformed").inc();
    ctx.log.warn({ err: error, subject, internet }, "rejected a malformed result message");
    settlement.term();
  };
  let engine: string;
  let answers: readonly (AgentAnswer | MalformedMessage)[];
  try {
    engine = engineOf(ctx, internet, delivery);
    answers = parseAnswers(data);
  } catch (error) {
    reject(delivery, error);
    return [];
  }
  const isAlone = answers.length === 1;
  const settlements = isAlone ? [delivery] : settleTogether(delivery, answers.length);
  const bytes = Math.ceil(data.length / answers.length);
  return answers.flatMap((answer, i) => {
    const settlement = settlements[i] ?? delivery;
    try {
      if (answer instanceof MalformedMessage) throw answer;
      checkAgent(subject, answer);
      if (answer.state !== "RETURNED")
        return [{ delivery: settlement, result: toStore(answer, engine, internet), subject, bytes, isAlone }];
      returns.take(settlement, engine, answer);
    } catch (error) {
      reject(settlement, error);
    }
    return [];
  });
}

function engineOf({ fleet }: ScanContext, internet: InternetClass, { subject, data }: ResultDelivery): string {
  const engine = engineOfResult(subject);
  if (engine === undefined) throw new MalformedMessage(`${subject} is not the subject of a result`);
  if (data.length > MAX_RESULT_BYTES) throw new MalformedMessage(`${data.length} bytes exceed ${MAX_RESULT_BYTES}`);
  const known = fleet.classOf(engine);
  if (known !== undefined && known !== internet) throw new MalformedMessage(`${engine} is an engine of class ${known}`);
  return engine;
}

/** The message names another agent than the one that published it. */
class OfAnotherAgent extends MalformedMessage {}

/** Where agents have their own accounts, the subject names the publishing agent, and the message must agree with it. */
function checkAgent(subject: string, { agent }: AgentAnswer): void {
  const publisher = agentOfResult(subject);
  if (publisher !== undefined && publisher !== agent)
    throw new OfAnotherAgent(`agent is ${agent}, and ${publisher} has published it`);
}

function toStore(message: ResultMessage, engine: string, internet: InternetClass): IncomingResult {
  const { value: details, cut } = storableValue(message.details, DETAILS_LIMITS);
  const truncated = message.truncated || cut;
  const result = { ...message, details, truncated, cause: causeOf(message), scanId: message.scan, engine, internet };
  return isUninspected(message) ? { ...result, ofAntivirus: { ...result, ...AGENT_TOO_OLD } } : result;
}

/** Agents up to 0.1 report only in the error text that a request crashed its agent too often. */
function causeOf({ cause, error }: ResultMessage): ResultCause | null {
  return cause ?? (error === CRASHED_REPEATEDLY_ERROR ? "CRASHED_REPEATEDLY" : null);
}

/** Older agents report CLEAN for samples that their engine cannot look into. From an antivirus engine that proves nothing. */
function isUninspected({ state, verdict, inspector }: ResultMessage): boolean {
  return state === "DONE" && verdict === "CLEAN" && inspector === undefined;
}

const AGENT_TOO_OLD = {
  state: "UNSCANNED",
  verdict: null,
  cause: "AGENT_TOO_OLD",
  error: "the agent is too old: it does not inspect samples",
} as const;
