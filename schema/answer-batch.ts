/** What is published on `result.<engine>`: one answer, or several of one engine that were ready together. */

import { z } from "zod";
import { AgentAnswer, MalformedMessage, parseMessage } from "./messages.js";

/** Most answers of one message, which has {@link MAX_RESULT_BYTES} at most as a single answer has. */
export const MAX_ANSWERS = 200;

/**
 * Answers of one engine that were ready together. Each is parsed alone by {@link parseAnswers}, so that a malformed one does not affect the
 * others. Agents batch only for requests whose gateway reads batches.
 */
const AnswerBatch = z.object({ v: z.literal(2), answers: z.array(z.unknown()).min(1).max(MAX_ANSWERS) });

/** The answers of a message, or what is wrong with each. Throws {@link MalformedMessage} if the message cannot be read at all. */
export function parseAnswers(data: Uint8Array): readonly (AgentAnswer | MalformedMessage)[] {
  const message = parseMessage(z.unknown(), data);
  const isBatch = typeof message === "object" && message !== null && "v" in message && message.v === 2;
  if (!isBatch) return [parseAnswer(message)];
  const { data: batch, error } = AnswerBatch.safeParse(message);
  if (batch === undefined) throw new MalformedMessage(z.prettifyError(error));
  return batch.answers.map(parseAnswer);
}

function parseAnswer(answer: unknown): AgentAnswer | MalformedMessage {
  const parsed = AgentAnswer.safeParse(answer);
  return parsed.success ? parsed.data : new MalformedMessage(z.prettifyError(parsed.error));
}

/** The message that has these answers, each as JSON. */
export function encodeAnswers(answers: readonly string[]): Uint8Array {
  return Buffer.from(answers.length === 1 ? (answers[0] ?? "") : `{"v":2,"answers":[${answers.join()}]}`);
}
