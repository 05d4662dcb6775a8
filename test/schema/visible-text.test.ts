import { describe, expect, it } from "vitest";
import { visibleText } from "../../schema/visible-text.js";

describe("a text as people see it", () => {
  it.each([
    ["a right-to-left override", "rlo-\u202efdp.exe", "rlo-<U+202E>fdp.exe"],
    ["embeddings and their end", "\u202aa\u202bb\u202c\u202d", "<U+202A>a<U+202B>b<U+202C><U+202D>"],
    ["isolates", "\u2066a\u2067b\u2068c\u2069", "<U+2066>a<U+2067>b<U+2068>c<U+2069>"],
    ["direction marks", "\u200e\u200f\u061c", "<U+200E><U+200F><U+061C>"],
    ["zero-width spaces and joiners", "a\u200bb\u200cc\u200dd\u2060\ufeff", "a<U+200B>b<U+200C>c<U+200D>d<U+2060><U+FEFF>"],
    ["line and paragraph separators", "a\u2028b\u2029c", "a<U+2028>b<U+2029>c"],
    ["tags", "a\u{e0041}\u{e007f}", "a<U+E0041><U+E007F>"],
    ["variation selectors", "a\ufe0f\u{e0100}", "a<U+FE0F><U+E0100>"],
    [
      "a soft hyphen, a grapheme joiner and fillers",
      "\u00ad\u034f\u115f\u3164\uffa0",
      "<U+00AD><U+034F><U+115F><U+3164><U+FFA0>",
    ],
    ["annotations", "\ufff9\ufffa\ufffb", "<U+FFF9><U+FFFA><U+FFFB>"],
    ["controls", "\0\u001b[2J\u007f\u0085\u009b", "<U+0000><U+001B>[2J<U+007F><U+0085><U+009B>"],
    ["half of a character", "a\ud83d", "a<U+D83D>"],
    ["a joiner that joins no emoji", "\u200d😀 😀\u200dexe", "<U+200D>😀 😀<U+200D>exe"],
  ])("shows %s by number", (_what, text, shown) => expect(visibleText(text)).toBe(shown));

  it.each([
    "invoice (2).pdf",
    "tab\tand\r\nlines",
    "naïve – “résumé”… 価格.docx",
    "cafe\u0301.exe",
    "שלום.pdf",
    "تقرير ٢٠٢٦.pdf",
    "हिन्दी.txt",
    "😀 ❤️ 👩🏽‍💻 ❤️‍🔥",
    "",
  ])("leaves %j as it is", (text) => expect(visibleText(text)).toBe(text));
});
