import { z } from "zod";
import { done, notDone, type Outcome, type RawOutput } from "../contract.js";
import { readJson } from "./json.js";

const MAX_STRINGS = 64;

const Match = z.object({
  identifier: z.string(),
  namespace: z.string(),
  isPrivate: z.boolean(),
  tags: z.array(z.string()),
  metadata: z.array(z.object({ identifier: z.string(), value: z.unknown() })),
  patterns: z.array(
    z.object({
      identifier: z.string(),
      isPrivate: z.boolean(),
      matches: z.array(z.object({ offset: z.number(), length: z.number() })),
    }),
  ),
});
type Match = z.infer<typeof Match>;

const Output = z.union([
  z.strictObject({ unscanned: z.string() }),
  z.object({ valid: z.literal(true), errors: z.array(z.unknown()).length(0), matches: z.array(Match) }),
]);

/**
 * Reads YARA-X's matches. A verdict is stated only where a matching rule's metadata has one, `verdict = "infected"` or
 * `"suspicious"`, and infected beats suspicious; the silence of rules proves nothing.
 */
export function parseYara(raw: RawOutput): Outcome {
  const read = readJson(raw, Output);
  if ("failure" in read) return read.failure;
  if ("unscanned" in read.value) return notDone("UNSCANNED", "TOO_LARGE", read.value.unscanned);
  const matches = read.value.matches.filter((match) => !match.isPrivate);
  const details = { yara: { matches: matches.map(shown) } };
  for (const [word, verdict] of [
    ["infected", "INFECTED"],
    ["suspicious", "SUSPICIOUS"],
  ] as const) {
    const stated = matches.find((match) => verdictOf(match) === word);
    if (stated !== undefined) return done(verdict, stated.identifier, details);
  }
  return done(null, null, details);
}

function verdictOf(match: Match): unknown {
  return match.metadata.find((entry) => entry.identifier === "verdict")?.value;
}

function shown({ identifier, namespace, tags, metadata, patterns }: Match) {
  const strings = patterns
    .filter((pattern) => !pattern.isPrivate)
    .flatMap((pattern) => pattern.matches.map(({ offset, length }) => ({ name: pattern.identifier, offset, length })));
  return {
    rule: identifier,
    namespace,
    tags,
    meta: Object.fromEntries(metadata.map((entry) => [entry.identifier, entry.value])),
    strings: strings.slice(0, MAX_STRINGS),
  };
}
