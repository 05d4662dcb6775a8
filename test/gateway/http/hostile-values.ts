/** Hostile values and texts from a seed: the same seed and number make the same, everywhere. */

import { randomOf } from "../../bench/random.js";

export interface Dice {
  /** A whole number from 0 and below `n`. */
  below(n: number): number;
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function diceOf(...seed: readonly number[]): Dice {
  const random = randomOf(...seed);
  const below = (n: number) => Math.floor(random.unit() * n);
  return { below, chance: (share) => random.unit() < share, pick: (list) => list[below(list.length)] as (typeof list)[number] };
}

const TEXTS: readonly string[] = [
  "",
  "\0",
  "a\0b",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\u202egnp.exe",
  "ünï",
  "💩".repeat(100),
  "x".repeat(5_000),
  "../../../../etc/passwd",
  "C:\\..\\x",
  "'; drop table scans; --",
  "1' or '1'='1",
  "$(reboot)",
  "`reboot`",
  "<script>alert(1)</script>",
  "%00%n%s%x",
  "%c0%ae%c0%ae",
  "\r\nx-injected: 1",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "NaN",
  "-0",
  "1e999",
  "9".repeat(400),
  "0x1",
  "a".repeat(64),
  "d41d8cd98f00b204e9800998ecf8427e",
  "4".repeat(40),
  "AAAA",
  "AA=A",
  "bGl2ZQ==",
  "U2NhbjoxCg",
  "U2NhbjotMQ",
  "RW5naW5lOmEAYg",
  "QWdlbnQ6XHUwMDAw",
  "2026-13-45T99:99:99Z",
  "0000-01-01T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "http://127.0.0.1:1/",
  "http://[::1]/",
  "file:///etc/passwd",
  "00000000-0000-0000-0000-000000000000",
];

const NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1,
  2,
  100,
  101,
  0.1,
  -0.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1e308,
  5e-324,
];

/** Without halves of characters, which cannot be written in a URL. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

export const nastyText = (dice: Dice): string => dice.pick(TEXTS);

/** Any value that JSON has, and not the one that is wanted. */
export function nastyValue(dice: Dice, depth = 0): unknown {
  const kinds = [
    () => nastyText(dice),
    () => dice.pick(NUMBERS),
    () => dice.chance(0.5),
    () => null,
    () => Array.from({ length: dice.below(4) }, () => nastyValue(dice, depth + 1)),
    () => Object.fromEntries(Array.from({ length: dice.below(4) }, () => [nastyText(dice), nastyValue(dice, depth + 1)])),
    () => Array.from({ length: 300 }, () => nastyText(dice).slice(0, 50)),
    () => JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) as unknown,
  ];
  return (depth > 2 ? dice.pick(kinds.slice(0, 4)) : dice.pick(kinds))();
}

const TOKENS: readonly string[] = [
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  ":",
  "!",
  "...",
  "$",
  "$x",
  "@skip(if: true)",
  "@include(if: $no)",
  "@deprecated",
  '"',
  '"""',
  "\\u0000",
  "\\",
  "#",
  "on",
  "null",
  "true",
  "-1",
  "1e99",
  "0.",
  "query",
  "mutation",
  "subscription",
  "fragment x on Query { ...x }",
  "__typename",
  "__schema { types { name } }",
  "\0",
  "\ufeff",
  "🦠",
  ",".repeat(500),
  "\n".repeat(500),
  "a: __typename ".repeat(60),
  "{a".repeat(40),
  "... { ".repeat(40),
];

/** The text with a few things taken out, doubled, moved or put in. */
export function mutated(dice: Dice, text: string, times = 1 + dice.below(4)): string {
  if (times === 0) return text;
  const [from, to] = [dice.below(text.length + 1), dice.below(text.length + 1)].toSorted((a, b) => a - b) as [number, number];
  const part = text.slice(from, Math.min(to, from + 60));
  const rest = text.slice(from + part.length);
  const next = dice.pick([
    () => text.slice(0, from) + rest,
    () => text.slice(0, from) + part + part + rest,
    () => text.slice(0, from) + dice.pick(TOKENS) + text.slice(from),
    () => text.slice(0, from) + nastyText(dice) + text.slice(from),
    () => text.slice(0, from),
    () => rest + text.slice(0, from) + part,
  ])();
  return mutated(dice, next, times - 1);
}

/** The bytes with some of them changed. */
export function mutatedBytes(dice: Dice, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  for (let i = 0; i < 1 + dice.below(8) && changed.length > 0; i++) changed[dice.below(changed.length)] = dice.below(256);
  return dice.chance(0.3) ? changed.subarray(0, dice.below(changed.length + 1)) : changed;
}
