/** An upload in JSON is read in pieces. Whatever it says and however it is cut, it comes to the same as JSON.parse of the whole. */

import { isUtf8 } from "node:buffer";
import { describe, expect, it } from "vitest";
import { readJsonUpload } from "../../../gateway/rest/json-upload.js";
import { randomOf, type Random } from "../../bench/random.js";

const LIMIT = 1_000;

interface Outcome {
  /** The parameters, those of them that are a sample's text left empty. */
  readonly parameters: unknown;
  readonly sample: string;
}

/** As one text, by JSON.parse and one Buffer. */
function atOnce(body: Buffer): Outcome | "invalid json" {
  if (!isUtf8(body)) return "invalid json";
  let value: unknown;
  try {
    value = JSON.parse(body.toString().replace(/^\ufeff/, ""));
  } catch {
    return "invalid json";
  }
  const given = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const parameters = new Map<string, unknown>(given);
  const sample = parameters.get("sample");
  if (typeof sample !== "string") return { parameters, sample: "" };
  return { parameters: parameters.set("sample", ""), sample: base64AtOnce(sample) };
}

function base64AtOnce(text: string): string {
  const dense = text.replace(/^\s*data:[^,]{0,200};base64,/i, "").replace(/\s+/g, "");
  const digits = dense.replace(/=+$/, "");
  const [last, padding] = [digits.length % 4, dense.length - digits.length];
  if (last === 1 || (last > 0 && last + padding < 4) || !/^[A-Za-z0-9+/_-]*$/.test(digits)) return "not base64";
  const bytes = Buffer.from(digits, "base64");
  return bytes.length > LIMIT ? "too large" : bytes.toString("hex");
}

/** In pieces of these lengths. */
async function read(body: Buffer, length: () => number): Promise<Outcome | "invalid json"> {
  const upload = readJsonUpload(cut(body, length), LIMIT, (parameters) => parameters);
  const bytes: Uint8Array[] = [];
  try {
    for await (const piece of upload.bytes) bytes.push(piece);
    const { parameters, sample } = await upload.input;
    if (sample === "twice") return twice(body);
    if (typeof parameters.get("sample") !== "string") return { parameters, sample: "" };
    return { parameters, sample: sample === "in order" ? Buffer.concat(bytes).toString("hex") : sample };
  } catch (error) {
    expect(error).toMatchObject({ code: "BAD_INPUT", message: "invalid json" });
    return "invalid json";
  }
}

/** The one thing in which it is stricter: of two samples none is passed over in silence. */
function twice(body: Buffer): Outcome | "invalid json" {
  const outcome = atOnce(body);
  expect(outcome).not.toBe("invalid json");
  expect(body.toString().match(/"s(a|\\u0061)mple"\s*:/g)?.length).toBeGreaterThan(1);
  return outcome;
}

async function* cut(body: Buffer, length: () => number): AsyncGenerator<Buffer> {
  for (let start = 0; start < body.length;) {
    const end = start + length();
    yield body.subarray(start, end);
    start = end;
  }
}

const shown = (body: Buffer) => JSON.stringify(body.toString("latin1"));

const hostile = [
  "",
  " ",
  "null",
  '"sample"',
  "[]",
  '["sample","QUJD"]',
  "{",
  "{}",
  "{}{}",
  '{"sample":"QUJD"}',
  ' \r\n{ "sample" \t:\n "QUJD" }\n',
  '\ufeff{"sample":"QUJD"}',
  '{"sample":"\ufeffQU\u2028JD\u00a0"}',
  '{"s\\u0061mple":"QUJD"}',
  '{"\\u0073\\u0061\\u006d\\u0070\\u006c\\u0065":"QUJD"}',
  '{"sample":"\\u0051\\u0055\\u004a\\u0044"}',
  '{"sample":"\\/\\u002b\\n\\t\\r \\u003D"}',
  '{"sample":"QU\\\\JD"}',
  '{"sample":"QUJD\\\\"}',
  '{"sample":"QU\\"JD"}',
  '{"sample":"QU\\xJD"}',
  '{"sample":"QU\\u00"}',
  '{"sample":"QU\nJD"}',
  '{"sample":"QU\u0000JD"}',
  '{"sample":"QUJD\\"}',
  '{"sample":"data:text/plain;base64,QUJD"}',
  `{"sample":"   DATA:${"x".repeat(200)};base64,QUJD"}`,
  `{"sample":"data:${"x".repeat(201)};base64,QUJD"}`,
  `{"sample":"data:${"ü".repeat(200)};base64,QUJD"}`,
  '{"sample":"data:,QUJD"}',
  '{"sample":"=","a":1}',
  '{"sample":"QQ= = ="}',
  '{"sample":"QQ==QQ=="}',
  '{"sample":"Q"}',
  '{"sample":"-_+/"}',
  `{"sample":"${"A".repeat(1_334)}"}`,
  `{"sample":"${"A".repeat(1_336)}"}`,
  `{"sample":"${"A".repeat(1_337)}"}`,
  '{"a":{"sample":"QUJD"},"sample":"QQ"}',
  '{"a":[{"sample":"QUJD"}]}',
  '{"a":"\\"sample\\":\\"","sample":"QQ"}',
  '{"a":"\\\\","sample":"QQ"}',
  '{"sample":{"sample":"QUJD"}}',
  '{"sample":["QUJD"]}',
  '{"sample":7,"a":"QUJD"}',
  '{"sample":"QUJD","sample":"QQ"}',
  '{"sample":7,"sample":"QQ"}',
  '{"sample":"QQ","sample":null}',
  '{"a":1,"a":2,"sample":"QQ","a":3}',
  '{"__proto__":{"sample":"QUJD"},"constructor":1}',
  '{"sample" "QUJD"}',
  '{"sample"::"QUJD"}',
  '{:"sample":"QUJD"}',
  '{"sample":"QUJD",}',
  '{"sample":"QUJD"]',
  '}{"sample":"QUJD"}',
  '{"a":01,"sample":"QUJD"}',
  '{"samplesamplesamplesamplesamplesamplesample":1}',
];

describe("hostile JSON", () => {
  it.each(hostile)("%j", async (text) => {
    const body = Buffer.from(text);
    for (const length of [1, 2, 3, 5, 1_000_000]) expect(await read(body, () => length)).toEqual(atOnce(body));
  });

  it.each([
    ["UTF-16", Buffer.from('{"sample":"QUJD"}', "utf16le")],
    ["a byte that is none of UTF-8's in the sample", Buffer.from('{"sample":"QU\xffJD"}', "latin1")],
    ["half a character at the sample's end", Buffer.from('{"sample":"QUJD\xc3"}', "latin1")],
    ["a surrogate in UTF-8", Buffer.from('{"sample":"\xed\xa0\x80"}', "latin1")],
    ["a byte that is none of UTF-8's beside the sample", Buffer.from('{"sample":"QUJD","a":"\xff"}', "latin1")],
  ])("%s", async (_, body) => {
    for (const length of [1, 2, 3, 1_000_000]) expect(await read(body, () => length)).toEqual(atOnce(body));
  });
});

const pick = <T>({ uint32 }: Random, list: readonly T[]): T => list[uint32() % list.length] as T;

const NAMES = [
  "sample",
  "sample",
  "s\\u0061mple",
  "sample_name",
  "allow_internet",
  "a",
  "",
  "Sample",
  "ünï",
  "__proto__",
  "\\\\",
];
const DIGITS = ["QUJD", "QQ", "-_", "+", "\\/", "\\u002b", "\\u0051", " ", "\\n", "\\t", "\u00a0"];
const PARTS = [...DIGITS, "=", "==", "\\u00e4", "\\\\", '\\"', "😀", "data:;base64,", "A"];
const BYTES = Buffer.from('"\\{}[]:,u0aQ= \n\0\xff\xc3\xa4\xed', "latin1");

function value(random: Random, depth: number): string {
  const several = (make: () => string, most: number) => Array.from({ length: random.uint32() % most }, make);
  switch (random.uint32() % (depth > 3 ? 4 : 6)) {
    case 0:
      return `"${several(() => pick(random, PARTS), 12).join("")}"`;
    case 1:
      return `"${several(() => pick(random, DIGITS), 12).join("")}${pick(random, ["=", "==", "==", "==="])}"`;
    case 2:
      return pick(random, ["0", "-1.5e3", "01", "NaN", "1e999"]);
    case 3:
      return pick(random, ["true", "null", "{}", "[]", '"{\\"sample\\":\\""']);
    case 4:
      return `[${several(() => value(random, depth + 1), 4).join()}]`;
    default:
      return object(random, depth + 1);
  }
}

function object(random: Random, depth: number): string {
  const space = () => pick(random, ["", "", " ", "\t\r\n"]);
  const members = Array.from(
    { length: random.uint32() % 5 },
    () => `${space()}"${pick(random, NAMES)}"${space()}:${space()}${value(random, depth)}${space()}`,
  );
  return `{${members.join()}}`;
}

function damaged(random: Random, body: Buffer): Buffer {
  const at = random.uint32() % (body.length + 1);
  const put = Buffer.from([pick(random, [...BYTES])]);
  return Buffer.concat([
    body.subarray(0, at),
    random.unit() < 0.5 ? put : Buffer.alloc(0),
    body.subarray(at + (random.uint32() % 2)),
  ]);
}

it("agrees with JSON.parse on ten thousand bodies, half of them damaged, cut anywhere", async () => {
  const random = randomOf(20_261_122);
  const seen = { valid: 0, invalid: 0, decoded: 0 };
  for (let i = 0; i < 10_000; i += 1) {
    let body = Buffer.from(object(random, 1));
    for (let damage = random.uint32() % 4; damage > 1; damage -= 1) body = Buffer.from(damaged(random, body));
    const most = pick(random, [1, 4, 30]);
    const outcome = atOnce(body);
    const inPieces = await read(body, () => 1 + (random.uint32() % most));
    expect({ body: shown(body), outcome: inPieces }).toEqual({ body: shown(body), outcome });
    if (outcome === "invalid json") seen.invalid += 1;
    else seen.valid += 1;
    if (outcome !== "invalid json" && /^([0-9a-f]{2})+$/.test(outcome.sample)) seen.decoded += 1;
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200);
});

it("keeps no more of what is not the sample than a small body may have", async () => {
  const large = Buffer.from(`{"a":"${"x".repeat(1024 * 1024)}","sample":"QUJD"}`);
  const { bytes } = readJsonUpload(
    cut(large, () => 65_536),
    LIMIT,
    (parameters) => parameters,
  );
  await expect(bytes.next()).rejects.toMatchObject({
    code: "TOO_LARGE",
    message: "the body is too large: 1048576 bytes are the most",
  });
});
