/** The table of ClamAV's limits in docs/run/engines.md, against the configuration and a real clamd. */

import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { projectPath } from "../../../../schema/paths.js";
import type { Outcome, Runner } from "../../../../scanner-agent/contract.js";
import { parseClamd } from "../../../../scanner-agent/parsers/clamd.js";
import { createClamdRunner } from "../../../../scanner-agent/runners/clamd/clamd.js";
import { clamdConf } from "../../../../scanner-agent/runners/clamd/config.js";
import { CLAMD_LIMITS, type ClamdLimits } from "../../../../scanner-agent/runners/clamd/limits.js";
import { EICAR } from "../../eicar.js";
import { zipOf } from "../../inspect/hand-made.js";
import { runOptions, sampleFile } from "../samples.js";
import { hasClamd, makeDatabase, type Database } from "./clamav-database.js";

const TIMEOUT_MS = 60_000;
const MIB = 1024 ** 2;
const page = readFileSync(projectPath("docs", "run", "engines.md"), "utf8");
const [, table = ""] = /<!-- clamav limits:.*?-->(.*?)<!-- clamav limits end -->/s.exec(page) ?? [];
const rows = [...table.matchAll(/^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$/gm)].map(([, limit = "", value = "", beyond = ""]) => ({
  limit,
  value: value.replace("`timeout` of the engine", String(TIMEOUT_MS)).replace(/ .*/, ""),
  beyond,
}));

const conf = clamdConf({
  folder: "/f",
  database: "/d",
  slots: 1,
  timeoutMs: TIMEOUT_MS,
  limits: CLAMD_LIMITS,
  user: undefined,
});
const configured = new Map(conf.split("\n").map((line) => line.split(" ", 2) as [string, string]));

test("the table has every limit of the configuration with its value", () => {
  const limits = [...configured.keys()].filter((name) => /^(?:Max(?!Threads|Queue)|PCRE|Bytecode|Stream)/.test(name));
  expect(rows.map(({ limit }) => limit).toSorted()).toEqual(limits.toSorted());
  expect(Object.fromEntries(rows.map(({ limit, value }) => [limit, value]))).toEqual(
    Object.fromEntries(limits.map((limit) => [limit, configured.get(limit)])),
  );
});

test("a limit that comes first is as low as the one that it comes before, and alerts", () => {
  const first = rows.flatMap(({ limit, beyond }) => {
    const [, other] = /^cannot be: `(\w+)` comes first$/.exec(beyond) ?? [];
    return other === undefined ? [] : [[limit, other] as const];
  });
  expect(first.length).toBeGreaterThan(5);
  for (const [limit, other] of [...first, ["MaxScanSize", "MaxFileSize"] as const]) {
    expect(configured.get(limit), `the value of ${limit}`).toBe(configured.get(other));
    expect(rows.find((row) => row.limit === other)?.beyond, `what is beyond ${other}`).toMatch(/^UNSCANNED/);
  }
});

let folder: string;
let database: Database;
let on: Runner;

const MARKS = {
  pcre: "PCRE-MARK-7",
  loop: `PCRE-LOOP${"ab".repeat(200)}c`,
  html: "html-mark-of-the-test",
  script: "script-mark-of-the-test",
};
const hex = (text: string) => Buffer.from(text).toString("hex");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-limits-"));
  database = await makeDatabase();
  await database.addEicar();
  const add = (name: string, line: string) => writeFile(join(database.folder, name), `${line}\n`);
  await add("pcre.ldb", `Pcre-Test;Engine:81-255,Target:0;0&1;${hex("PCRE-MARK")};0/PCRE-MARK-[0-9]+/`);
  await add("loop.ldb", `Loop-Test;Engine:81-255,Target:0;0&1;${hex("PCRE-LOOP")};0/PCRE-LOOP(?:a|b)+c/`);
  await add("html.ndb", `Html-Test:3:*:${hex(MARKS.html)}`);
  await add("script.ndb", `Script-Test:7:*:${hex(MARKS.script)}`);
});
afterEach(() => on?.stop());
afterAll(async () => {
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

async function startWith(limits: ClamdLimits = {}): Promise<void> {
  on = createClamdRunner({
    database: database.folder,
    slots: 1,
    timeoutMs: TIMEOUT_MS,
    programPath: "",
    owner: folder,
    log: pino({ level: "silent" }),
    limits: { ...CLAMD_LIMITS, ...limits },
  });
  await on.start();
}
const scan = async (bytes: Buffer): Promise<Outcome> => parseClamd(await on.run(await sampleFile(folder, bytes), runOptions()));

const filled = (size: number, line: string) => Buffer.from(line.repeat(Math.ceil(size / line.length)));
/** Found only in the normalised form. */
const htmlOf = (size: number) =>
  Buffer.concat([
    Buffer.from("<html><body>\n"),
    filled(size, "<p>filler text here</p>\n"),
    Buffer.from("<p>HTML-<!-- x -->MARK-OF-THE-TEST</p></body></html>\n"),
  ]);
const scriptOf = (size: number) =>
  Buffer.concat([
    Buffer.from("function x() { document.write(1); }\n"),
    filled(size, "var a = 1; // filler of the script here\n"),
    Buffer.from("SCRIPT-MARK-OF-THE-TEST\n"),
  ]);
const pcreOf = (size: number) => Buffer.concat([Buffer.from(MARKS.pcre), Buffer.alloc(size)]);
const zip = (members: readonly (readonly [string, Buffer])[]) => zipOf(members.map(([name, content]) => ({ name, content })));
const nested = (depth: number): Buffer => (depth === 0 ? EICAR : zip([["inner.zip", nested(depth - 1)]]));

/** For each limit that is told, a lower value and a sample beyond that. */
const BEYOND: Readonly<Record<string, { readonly limits: ClamdLimits; readonly sample: () => Buffer }>> = {
  MaxFileSize: { limits: { MaxFileSize: "1M" }, sample: () => Buffer.concat([EICAR, Buffer.alloc(2 * MIB)]) },
  MaxScanSize: {
    limits: { MaxScanSize: "1M", MaxFileSize: "1M" },
    sample: () =>
      zip([
        ["large", Buffer.alloc(3 * MIB)],
        ["a", EICAR],
      ]),
  },
  StreamMaxLength: { limits: { StreamMaxLength: "1M" }, sample: () => Buffer.alloc(2 * MIB) },
  MaxScanTime: {
    limits: { MaxScanTime: 1 },
    sample: () =>
      zip([
        ["a", htmlOf(4 * MIB)],
        ["b", htmlOf(5 * MIB)],
      ]),
  },
  MaxRecursion: { limits: { MaxRecursion: 4 }, sample: () => nested(8) },
  MaxFiles: { limits: { MaxFiles: 5 }, sample: () => zip(Array.from({ length: 20 }, (_, n) => [`f${n}`, Buffer.from(`${n}`)])) },
};

describe.skipIf(!hasClamd)("clamd", () => {
  const told = rows.filter(({ beyond }) => /^(?:UNSCANNED|FAILED)/.test(beyond));

  test.each(told)("says of what is beyond $limit that it is $beyond", async ({ limit, beyond }) => {
    const { limits, sample } = BEYOND[limit] ?? {};
    if (limits === undefined || sample === undefined) throw new Error(`no sample is beyond ${limit}`);
    await startWith(limits);
    const { state, error, cause } = await scan(sample());
    expect(state).toBe(/^\w+/.exec(beyond)?.[0]);
    if (state !== "UNSCANNED") return;
    expect(cause).toBe("TOO_LARGE");
    expect(error).toContain(`Heuristics.Limits.Exceeded.${limit}`);
  });

  test("finds what ClamAV's own values would have kept silent about", async () => {
    await startWith();
    const found = {
      PCREMaxFileSize: await scan(pcreOf(101 * MIB)),
      MaxHTMLNormalize: await scan(htmlOf(41 * MIB)),
      MaxScriptNormalize: await scan(scriptOf(21 * MIB)),
      PCRERecMatchLimit: await scan(Buffer.from(`PCRE-LOOP${"ab".repeat(10_000)}c`)),
    };
    expect(Object.fromEntries(Object.entries(found).map(([limit, { signature }]) => [limit, signature]))).toEqual({
      PCREMaxFileSize: "Pcre-Test.UNOFFICIAL",
      MaxHTMLNormalize: "Html-Test.UNOFFICIAL",
      MaxScriptNormalize: "Script-Test.UNOFFICIAL",
      PCRERecMatchLimit: "Loop-Test.UNOFFICIAL",
    });
  });

  test("never cuts a member of a zip without a word, whatever is largest", async () => {
    await startWith({ MaxFileSize: "2M", MaxScanSize: "2M" });
    expect(await scan(zip([["large", Buffer.concat([Buffer.alloc(3 * MIB), EICAR])]]))).toMatchObject({ state: "UNSCANNED" });
  });

  test.each([
    ["PCREMatchLimit", { PCREMatchLimit: 10 }],
    ["PCRERecMatchLimit", { PCRERecMatchLimit: 10 }],
  ])("does not see what is beyond %s", async (limit, limits) => {
    expect(rows.find((row) => row.limit === limit)?.beyond).toMatch(/^not seen: /);
    await startWith(limits);
    expect(await scan(Buffer.from(MARKS.loop))).toMatchObject({ verdict: "CLEAN" });
  });
});
