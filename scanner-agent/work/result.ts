import type { Closed } from "../../schema/closed.js";
import { MAX_RESULT_BYTES, type ResultMessage } from "../../schema/messages.js";

/** Limits on details, tried in turn until the message fits: characters of a text, and entries of a list or an object. */
const STEPS = [
  { text: 65_536, entries: 10_000 },
  { text: 4_096, entries: 1_000 },
  { text: 512, entries: 100 },
  { text: 64, entries: 16 },
] as const;
const MAX_DEPTH = 32;
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
    const cutter = createCutter(step.text, step.entries);
    const details = cutter.cut(message.details, 0) as Record<string, unknown>;
    const candidate = { ...result, details, truncated: message.truncated || cutter.hasCut() };
    if (Buffer.byteLength(JSON.stringify(candidate)) <= MAX_RESULT_BYTES) return candidate;
  }
  return { ...result, details: null, truncated: true };
}

function fittedFact({ path, format, method, state }: Closed): Closed {
  return { path: clean(path.slice(0, 1024)), format, method: short(method, LONGEST.version), state };
}

function createCutter(longest: number, most: number) {
  let cutAny = false;
  const bounded = <T>(items: readonly T[]): readonly T[] => {
    if (items.length <= most) return items;
    cutAny = true;
    return items.slice(0, most);
  };
  const text = (value: string): string => {
    if (value.length > longest) cutAny = true;
    return clean(value.slice(0, longest));
  };
  const cut = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) {
      cutAny = true;
      return null;
    }
    if (Array.isArray(value)) return bounded(value).map((item) => cut(item, depth + 1));
    return Object.fromEntries(bounded(Object.entries(value)).map(([key, item]) => [text(key), cut(item, depth + 1)]));
  };
  return { cut, hasCut: () => cutAny };
}

function short(value: string | null, longest: number): string | null {
  return value === null ? null : clean(value.slice(0, longest));
}

/** Postgres takes neither NUL nor half a surrogate pair in a text. */
function clean(value: string): string {
  return value.replaceAll("\0", "").replaceAll(/\p{Surrogate}/gu, "\u{FFFD}");
}
