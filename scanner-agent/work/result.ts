import type { Closed } from "../../schema/closed.js";
import { MAX_RESULT_BYTES, type ResultMessage } from "../../schema/messages.js";
import { DETAILS_LIMITS, storableText, storableValue } from "../../schema/storable.js";

/** Limits on details, tried in turn until the message fits: characters of a text, and entries of a list or an object. */
const STEPS = [DETAILS_LIMITS, { text: 4_096, entries: 1_000 }, { text: 512, entries: 100 }, { text: 64, entries: 16 }] as const;
const LONGEST = { signature: 1024, error: 4096, version: 200 } as const;

/** Makes a message fit for the bus and Postgres: bounded, without NUL or half characters, `truncated` if its details were cut. */
export function fitResult(message: ResultMessage): ResultMessage {
  const { versions } = message;
  const result: ResultMessage = {
    ...message,
    signature: short(message.signature, LONGEST.signature),
    error: short(message.error, LONGEST.error),
    versions: {
      engine: short(versions.engine, LONGEST.version),
      signatures: short(versions.signatures, LONGEST.version),
      signatureDate: versions.signatureDate,
    },
  };
  if (message.closed !== undefined) result.closed = message.closed.map(fittedFact);
  if (message.details === null) return result;
  for (const step of STEPS) {
    const { value: details, cut } = storableValue(message.details, step);
    const candidate = { ...result, details, truncated: message.truncated || cut };
    if (Buffer.byteLength(JSON.stringify(candidate)) <= MAX_RESULT_BYTES) return candidate;
  }
  return { ...result, details: null, truncated: true };
}

function fittedFact({ path, format, method, state }: Closed): Closed {
  return { path: storableText(path, 1024), format, method: short(method, LONGEST.version), state };
}

function short(value: string | null, longest: number): string | null {
  return value === null ? null : storableText(value, longest);
}
