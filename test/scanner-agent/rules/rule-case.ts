/** Samples of one rule by what they are: those it must find, and near misses that it must let pass. */
export interface RuleCase {
  found: Record<string, Uint8Array>;
  passed: Record<string, Uint8Array>;
  /** Files of this size and more are not its business; in bytes, as its condition says. */
  below?: number;
}

/** Cases by rule name. */
export type RuleCases = Record<string, RuleCase>;

export const KB = 1024;
export const MB = 1024 * KB;

/** One near miss per part: the sample built without it. For rules that ask for all of the parts. */
export function eachMissing(parts: readonly string[], build: (parts: string[]) => Uint8Array): Record<string, Uint8Array> {
  return Object.fromEntries(
    parts.map((missing, index) => [`without ${JSON.stringify(missing)}`, build(parts.filter((_, other) => other !== index))]),
  );
}

const BEGINNINGS = {
  "a Windows program": "4d5a9000",
  "a Linux program": "7f454c46",
  "an Office document": "d0cf11e0a1b11ae1",
};

/** The sample behind the first bytes of a file of another kind: rules for scripts leave those alone. */
export function inside(kind: keyof typeof BEGINNINGS, sample: Uint8Array): Record<string, Uint8Array> {
  return { [`inside ${kind}`]: Buffer.concat([Buffer.from(BEGINNINGS[kind], "hex"), Buffer.alloc(24), sample]) };
}
