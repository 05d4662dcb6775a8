import { describe, expect, test } from "vitest";
import { isAsPrinted, isHeld, parseJson } from "../../../scanner-agent/parsers/numbers.js";

describe("numbers of JSON", () => {
  test.each(["1.10", "2.10", "1e400", "1E5", "-0", "0.0", "9007199254740993", "1.0", "-1e-400"])(
    "%s stays as printed",
    (printed) => {
      expect(parseJson(`{"a":[${printed},7,-1.5],"b":"${printed}"}`, isAsPrinted)).toEqual({ a: [printed, 7, -1.5], b: printed });
    },
  );

  test("are text only where their value would be lost", () => {
    expect(parseJson("[1.10,1E5,1e400,9007199254740993]", isHeld)).toEqual([1.1, 100_000, "1e400", "9007199254740993"]);
  });

  test("in strings are not touched, whatever is escaped around them", () => {
    const text = String.raw`{"a\\":"1.10 \" 1E5 \\\" -0","1.10":-0}`;
    expect(parseJson(text, isAsPrinted)).toEqual({ "a\\": '1.10 " 1E5 \\" -0', "1.10": "-0" });
  });

  test.each(["{", "01", "1.", "1.5.2", "-", "[1.10", '"', '{"a":1.10.1}', "1.10e"])("%s is no JSON", (text) => {
    expect(() => parseJson(text, isAsPrinted)).toThrow(SyntaxError);
  });

  test("megabytes are read at once", () => {
    const text = JSON.stringify({ text: '\\"'.repeat(1_000_000), numbers: Array.from({ length: 100_000 }, (_, n) => n / 7) });
    expect(parseJson(text, isAsPrinted)).toEqual(JSON.parse(text));
  });
});
