import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScanReport } from "../../../schema/reports.js";
import { ignoredRevision } from "../../../schema/suppressed.js";
import { hasClamd, makeDatabase, type Database } from "../../scanner-agent/runners/clamd/clamav-database.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "./submitting.js";
import { finalScan, lift, ofEngine, suppress } from "./suppressing.js";

const AGENTS = ["host-1", "host-2", "host-3"];
const WORD = "a word of the test's own";
const SECOND = "another one that is behind it";
const RULES = `
rule Loud { meta: verdict = "infected" strings: $a = "${WORD}" condition: $a }
rule Quiet { meta: verdict = "suspicious" strings: $a = "${WORD}" condition: $a }`;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
let database: Database;
let rules: string;
let test = 0;

beforeAll(async () => {
  database = await makeDatabase();
  await database.addEicar();
  await database.addOther();
  await writeFile(join(database.folder, "Behind.ndb"), `Behind-Test:0:*:${Buffer.from(SECOND).toString("hex")}\n`);
  rules = await mkdtemp(join(tmpdir(), "scanmesh-test-rules-"));
  await writeFile(join(rules, "own.yar"), RULES);
  const env = { SCANMESH_CLAMAV_DB: database.folder, SCANMESH_YARA_RULES: rules, SCANMESH_ENGINES: "ClamAV,Yara" };
  await Promise.all(AGENTS.map((id) => stage.agentProcess({ id, env })));
  for (const name of hasClamd ? ["ClamAV", "Yara"] : ["Yara"])
    await until(`every host has ${name}`, () => hosts(name).filter(({ healthy }) => healthy).length === AGENTS.length);
});
afterAll(async () => {
  await database.remove();
  await rm(rules, { recursive: true, force: true });
});

function hosts(name: string) {
  return gateway.context.fleet.agents().flatMap(({ engines }) => engines.filter((engine) => engine.name === name));
}

async function scan(engine: string, ...words: string[]): Promise<ScanReport> {
  const sample = base64([`sample ${(test += 1)}`, ...words].join("\n"));
  return finalScan(stage, (await submit(gateway.url, { base64: sample, engines: [engine] })).scan.scanId);
}

/** Scans samples until each host has answered for one. */
async function scanOnEach(engine: string, ...words: string[]): Promise<ScanReport[]> {
  const reports: ScanReport[] = [];
  await until("every host has answered", async () => {
    reports.push(...(await Promise.all(AGENTS.map(() => scan(engine, ...words)))));
    return new Set(reports.map((report) => ofEngine(report, engine)?.agent)).size === AGENTS.length;
  });
  return reports;
}

const verdictsOf = (reports: readonly ScanReport[]) => [...new Set(reports.map(({ verdict }) => verdict))];

/** Waits until ClamAV ignores these on every host. */
const ignoring = (...names: string[]) =>
  until(`every ClamAV ignores ${names.join(", ")}`, () =>
    hosts("ClamAV").every(({ ignores }) => ignores === ignoredRevision(names.toSorted())),
  );

describe.skipIf(!hasClamd)("ClamAV on three hosts", () => {
  it("leaves out what is suppressed, finds what was behind it, and finds it again once that is lifted", async () => {
    expect(verdictsOf(await scanOnEach("ClamAV", WORD))).toEqual(["INFECTED"]);
    // A name that ClamAV cannot read would cost it all of its signatures.
    await suppress(gateway.url, { signature: "Odd:name" });
    const first = await suppress(gateway.url, { signature: "Other-Test.UNOFFICIAL", engine: "ClamAV" });
    const atOnce = await scan("ClamAV", WORD);
    expect(atOnce.verdict).not.toBe("INFECTED");
    await ignoring("Other-Test");
    expect(verdictsOf(await scanOnEach("ClamAV", WORD))).toEqual(["CLEAN"]);
    const both = await scan("ClamAV", WORD, SECOND);
    expect([both.verdict, ofEngine(both, "ClamAV")?.signature]).toEqual(["INFECTED", "Behind-Test.UNOFFICIAL"]);

    const second = await suppress(gateway.url, { signature: "Behind-Test" });
    await ignoring("Other-Test", "Behind-Test");
    expect(verdictsOf(await scanOnEach("ClamAV", WORD, SECOND))).toEqual(["CLEAN"]);

    for (const { suppression } of [first, second]) await lift(gateway.url, suppression.id);
    await ignoring();
    expect(verdictsOf(await scanOnEach("ClamAV", WORD))).toEqual(["INFECTED"]);
  });

  it("an answer that it gave without a signature is not taken over once that counts again", async () => {
    const sample = { base64: base64(`kept ${WORD}`), engines: ["ClamAV"], freshness: 3_600 };
    const again = async () => finalScan(stage, (await submit(gateway.url, sample)).scan.scanId);
    const { suppression } = await suppress(gateway.url, { signature: "Other-Test" });
    await ignoring("Other-Test");
    expect((await again()).verdict).toBe("CLEAN");
    await until("it is taken over", async () => ofEngine(await again(), "ClamAV")?.reusedFrom !== null);
    await lift(gateway.url, suppression.id);
    await ignoring();
    const report = await until("it is scanned again", async () => {
      const next = await again();
      return ofEngine(next, "ClamAV")?.reusedFrom === null ? next : undefined;
    });
    expect(report.verdict).toBe("INFECTED");
  });
});

it("Yara's other rules count on", async () => {
  const found = await scan("Yara", WORD);
  expect([found.verdict, ofEngine(found, "Yara")?.signature]).toEqual(["INFECTED", "Loud, Quiet"]);
  const loud = await suppress(gateway.url, { signature: "Loud", engine: "Yara" });
  const [quiet] = await scanOnEach("Yara", WORD);
  expect(quiet?.verdict).toBe("SUSPICIOUS");
  const suppressed = [{ signature: "Loud", reason: "a false positive" }];
  expect(quiet && ofEngine(quiet, "Yara")).toMatchObject({ state: "DONE", signature: "Quiet", suppressed });
  await suppress(gateway.url, { signature: "Quiet" });
  expect(ofEngine(await scan("Yara", WORD), "Yara")).toMatchObject({ state: "DONE", verdict: null, signature: null });
  await lift(gateway.url, loud.suppression.id);
  expect((await scan("Yara", WORD)).verdict).toBe("INFECTED");
});
