/** Containers at random around a known file: whatever ClamAV opens of them, none is CLEAN; an open one around a harmless file is. */

import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomOf, type Random } from "../../bench/random.js";
import { hasClamd } from "../runners/clamd/clamav-database.js";
import { manifest, startClamav, type ClamavStage } from "./clamav-stage.js";
import { packed } from "./seven-zip-made.js";

const CASES = 40;
/** How closed ones end. */
const CLOSED = ["ENCRYPTED", "DAMAGED", "UNSUPPORTED_TYPE"];
const KNOWN = Buffer.from("a file that the signatures know by its hash\n".repeat(60));
const HARMLESS = Buffer.from(KNOWN.map((byte) => byte ^ 1));

/** One container around what is within. */
interface Layer {
  readonly format: "zip" | "7z" | "gzip";
  readonly method: string;
  readonly encryption: readonly string[];
}

interface Case {
  readonly layers: readonly Layer[];
  /** Which share of the outermost container is there. */
  readonly share: number;
}

const METHODS = {
  zip: ["Copy", "Deflate", "Deflate64", "BZip2", "LZMA", "PPMd"],
  "7z": ["Copy", "LZMA", "LZMA2", "PPMd", "BZip2", "Deflate"],
  gzip: ["Deflate"],
};
const ENCRYPTIONS = {
  zip: [["-psecret"], ["-psecret", "-mem=AES256"]],
  "7z": [["-psecret"], ["-psecret", "-mhe=on"]],
  gzip: [[]],
};

const oneOf = <T>(random: Random, all: readonly T[]): T => all[random.uint32() % all.length] as T;

function caseOf(seed: number): Case {
  const random = randomOf(seed, 0x1275);
  const layers = Array.from({ length: 1 + (random.uint32() % 4) }, (): Layer => {
    const format = oneOf(random, ["zip", "7z", "gzip"] as const);
    const encryption = random.unit() < 0.15 ? oneOf(random, ENCRYPTIONS[format]) : [];
    return { format, method: oneOf(random, METHODS[format]), encryption };
  });
  return { layers, share: random.unit() < 0.2 ? 0.2 + 0.75 * random.unit() : 1 };
}

async function bytesOf({ layers, share }: Case, content: Buffer): Promise<Buffer> {
  let bytes = content;
  for (const [i, { format, method, encryption }] of layers.entries()) {
    const option = format === "zip" ? `-mm=${method}` : `-m0=${method}`;
    bytes = format === "gzip" ? gzipSync(bytes) : await packed({ [`member-${i}`]: bytes }, format, option, ...encryption);
  }
  return bytes.subarray(0, Math.floor(bytes.length * share));
}

/** Whether ClamAV's manifest says that it opens all of it. */
function isOpen({ layers, share }: Case): boolean {
  const isOpened = ({ format, method, encryption }: Layer) => {
    const opened = manifest?.opens?.formats[format] ?? [];
    const name = method === "Copy" && format === "zip" ? "store" : method.toLowerCase();
    return encryption.length === 0 && (opened === "all" || opened.includes(name));
  };
  return share === 1 && layers.every(isOpened);
}

describe.skipIf(!hasClamd)("containers at random", () => {
  let clamav: ClamavStage;
  beforeAll(async () => {
    clamav = await startClamav([KNOWN]);
  });
  afterAll(() => clamav.stop());

  const cases = Array.from({ length: CASES }, (_, seed) => [seed, caseOf(seed)] as const);

  test("are open and closed, and some are cut", () => {
    const open = cases.filter(([, one]) => isOpen(one)).length;
    expect(open).toBeGreaterThan(CASES / 8);
    expect(open).toBeLessThan(CASES);
    expect(cases.some(([, { share }]) => share < 1)).toBe(true);
  });

  test.each(cases)("are CLEAN only where what they hold was looked into: seed %i, %j", async (_, one) => {
    const known = await clamav.scan(await bytesOf(one, KNOWN));
    const harmless = await clamav.scan(await bytesOf(one, HARMLESS));
    if (isOpen(one)) expect([known.judged, harmless.judged]).toEqual(["INFECTED", "CLEAN"]);
    expect(["INFECTED", ...CLOSED]).toContain(known.judged);
    // 7-Zip stores what does not become smaller, so that ClamAV opens some others too.
    expect([...(known.own === "INFECTED" ? ["CLEAN"] : []), ...CLOSED]).toContain(harmless.judged);
  });
});
