import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data, graphql } from "../../http/http-client.js";
import { startHistory, type HistoryResult, type HistoryScan, type HistoryStage } from "../../db/history-stage.js";
import { statementsOf } from "../../db/statements.js";

let history: HistoryStage;

beforeAll(async () => {
  history = await startHistory(2_000);
});

afterAll(() => history.stage.stop());

interface Page {
  readonly scans: {
    readonly totalCount: number;
    readonly totalCountIsExact: boolean;
    readonly nodes: readonly { scanId: number }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const LIST = `query List($filter: ScanFilter, $order: ScanOrder!, $after: String) {
  scans(filter: $filter, order: $order, after: $after, first: 100) {
    totalCount totalCountIsExact nodes { scanId } pageInfo { hasNextPage endCursor } } }`;

async function listed(filter: object, order: string): Promise<number[]> {
  const found: number[] = [];
  for (let after: string | null = null; ;) {
    const { scans }: Page = await data<Page>(history.gateway.url, LIST, { filter, order, after });
    found.push(...scans.nodes.map(({ scanId }) => scanId));
    if (scans.pageInfo.hasNextPage) after = scans.pageInfo.endCursor;
    else {
      expect([scans.totalCount, scans.totalCountIsExact]).toEqual([found.length, true]);
      return found;
    }
  }
}

const some = (check: (result: HistoryResult) => boolean) => (scan: HistoryScan) => scan.results.some(check);
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const [old, recent] = [daysAgo(81), daysAgo(30)];
const when = ({ start }: HistoryScan) => new Date(start).getTime();

type Case = [what: string, filter: object, wanted: (scan: HistoryScan) => boolean];
const CASES: Case[] = [
  ["a verdict", { verdicts: ["INFECTED"] }, ({ verdict }) => verdict === "INFECTED"],
  ["any of several verdicts", { verdicts: ["SUSPICIOUS", "INCONCLUSIVE"] }, ({ verdict }) => /^[SI]..[^E]/.test(verdict ?? "")],
  ["open scans", { final: false }, ({ final }) => !final],
  ["final scans", { final: true }, ({ final }) => final],
  [
    "an engine's detections",
    { results: [{ engines: ["clamav"], verdicts: ["INFECTED", "SUSPICIOUS"] }] },
    some(({ engine, verdict }) => engine === "ClamAV" && ["INFECTED", "SUSPICIOUS"].includes(verdict ?? "")),
  ],
  [
    "an engine's verdict",
    { verdicts: ["INFECTED"], results: [{ engines: ["Sophos"], verdicts: ["CLEAN"] }] },
    (scan) => scan.verdict === "INFECTED" && some(({ engine, verdict }) => engine === "Sophos" && verdict === "CLEAN")(scan),
  ],
  [
    "engines' failures",
    { results: [{ engines: ["Yara", "ClamAV"], states: ["FAILED", "TIMEOUT"] }] },
    some(({ engine, state }) => /^(Yara|ClamAV)$/.test(engine) && /^(FAILED|TIMEOUT)$/.test(state)),
  ],
  ["a failure of any engine", { results: [{ states: ["UNSCANNED"] }] }, some(({ state }) => state === "UNSCANNED")],
  ["a result that waits", { results: [{ states: ["QUEUED", "SCANNING"] }] }, ({ final }) => !final],
  [
    "states of both kinds",
    { results: [{ engines: ["ClamAV"], states: ["QUEUED", "FAILED"] }] },
    some(({ engine, state }) => engine === "ClamAV" && /^(QUEUED|FAILED)$/.test(state)),
  ],
  [
    "text of a signature, in any case",
    { results: [{ signature: "EMOTET" }] },
    some(({ signature }) => /emotet/i.test(signature ?? "")),
  ],
  [
    "an engine's signature, whose wildcards are plain text",
    { results: [{ engines: ["Comodo"], signature: "@#Em" }, { signature: "%%%" }] },
    some(({ engine, signature }) => engine === "Comodo" && /@#em/i.test(signature ?? "")),
  ],
  [
    "one of several results",
    {
      results: [
        { engines: ["Yara"], states: ["FAILED"] },
        { engines: ["AVG"], verdicts: ["INFECTED"] },
      ],
    },
    some(
      ({ engine, state, verdict }) => (engine === "Yara" && state === "FAILED") || (engine === "AVG" && verdict === "INFECTED"),
    ),
  ],
  ["a type", { mimes: ["Application/PDF"] }, ({ mime }) => mime === "application/pdf"],
  [
    "types and kinds of types",
    { mimes: ["application/zip", "text/*"] },
    ({ mime }) => mime === "application/zip" || mime.startsWith("text/"),
  ],
  ["sizes", { size: { min: 60_000, max: 70_000 } }, ({ size }) => size >= 60_000 && size <= 70_000],
  ["a least size", { size: { min: 1_000_000 } }, ({ size }) => size >= 1_000_000],
  [
    "a time",
    { started: { since: old, until: recent } },
    (scan) => when(scan) >= Date.parse(old) && when(scan) < Date.parse(recent),
  ],
  [
    "a time of its end",
    { ended: { since: old, until: recent } },
    ({ end }) => end !== null && Date.parse(end) >= Date.parse(old) && Date.parse(end) < Date.parse(recent),
  ],
  ["a slow result", { results: [{ slowerThanMs: 20_000 }] }, some(({ ms }) => (ms ?? 0) > 20_000)],
  [
    "an engine's slow results, by their last days",
    { ended: { since: recent }, results: [{ engines: ["ClamAV"], slowerThanMs: 50 }] },
    (scan) =>
      Date.parse(scan.end ?? "") >= Date.parse(recent) && some(({ engine, ms }) => engine === "ClamAV" && (ms ?? 0) > 50)(scan),
  ],
  [
    "an engine that is at odds with the scan",
    { results: [{ engines: ["ClamAV"], disagrees: true }] },
    (scan) =>
      /^(INFECTED|SUSPICIOUS)$/.test(scan.verdict ?? "") &&
      some(({ engine, verdict }) => engine === "ClamAV" && verdict === "CLEAN")(scan),
  ],
  [
    "an engine that agrees",
    { results: [{ engines: ["ClamAV"], disagrees: false }] },
    (scan) =>
      /^(CLEAN|INFECTED|SUSPICIOUS)$/.test(scan.verdict ?? "") &&
      some(
        ({ engine, verdict }) => engine === "ClamAV" && verdict !== null && (verdict === "CLEAN") === (scan.verdict === "CLEAN"),
      )(scan),
  ],
  ["the time since", { started: { since: recent } }, (scan) => when(scan) >= Date.parse(recent)],
  ["a name", { names: ["open 100%.exe"] }, ({ name }) => name === "open 100%.exe"],
  ["a name with blanks around it", { names: [" open 100%.exe\r\n"] }, ({ name }) => name === "open 100%.exe"],
  ["a type with blanks around it", { mimes: [" application/pdf\n"] }, ({ mime }) => mime === "application/pdf"],
  [
    "an engine and a signature with blanks around them",
    { results: [{ engines: [" ClamAV "], signature: "\temotet\n" }] },
    some(({ engine, signature }) => engine === "ClamAV" && /emotet/i.test(signature ?? "")),
  ],
  ["how names begin, case-sensitive", { names: ["Invoice-1*", "invoice-12*"] }, ({ name }) => name.startsWith("invoice-12")],
  ["how names begin", { names: ["invoice-1*", "open_*"] }, ({ name }) => /^(invoice-1|open_)/.test(name)],
  ["what names contain", { names: ["*-9*.pdf"] }, ({ name }) => /-9.*\.pdf$/.test(name)],
  ["labels", { labels: [{ key: "team", value: "soc" }] }, ({ labels }) => labels["team"] === "soc"],
  [
    "several labels, which must all be there",
    {
      labels: [
        { key: "case", value: "7" },
        { key: "team", value: "soc" },
      ],
    },
    ({ labels }) => labels["case"] === "7" && labels["team"] === "soc",
  ],
  ["a label's key, whatever its value", { labels: [{ key: "team" }] }, ({ labels }) => "team" in labels],
  ["a key beside a label", { labels: [{ key: "case" }, { key: "team", value: "soc" }] }, ({ labels }) => "case" in labels],
  [
    "all of it at once",
    {
      verdicts: ["INFECTED", "SUSPICIOUS"],
      mimes: ["application/x-dosexec"],
      size: { max: 200_000 },
      started: { since: old },
      results: [{ signature: "trojan" }],
    },
    (scan) =>
      /^(INFECTED|SUSPICIOUS)$/.test(scan.verdict ?? "") &&
      scan.mime === "application/x-dosexec" &&
      scan.size <= 200_000 &&
      when(scan) >= Date.parse(old) &&
      some(({ signature }) => /trojan/i.test(signature ?? ""))(scan),
  ],
  ["nothing in particular", {}, () => true],
];

describe("a list of scans is filtered by", () => {
  it.each(CASES)("%s", async (_what, filter, wanted) => {
    const rows = history.scans.filter(wanted);
    expect(rows.length).toBeGreaterThan(0);
    const time = ({ start, end }: HistoryScan) => ("started" in filter ? start : "ended" in filter ? (end ?? "") : "");
    const ordered = rows.toSorted((a, b) => time(a).localeCompare(time(b)) || a.scanId - b.scanId);
    const ids = ordered.map(({ scanId }) => scanId);
    expect(await listed(filter, "OLDEST_FIRST")).toEqual(ids);
    expect(await listed(filter, "NEWEST_FIRST")).toEqual(ids.toReversed());
  });

  it("a whole signature, which is no part of another", async () => {
    const names = history.scans.flatMap(({ results }) => results.flatMap(({ signature }) => signature ?? []));
    const whole = names[0] ?? "";
    const ids = history.scans.filter(some(({ signature }) => signature === whole)).map(({ scanId }) => scanId);
    expect(await listed({ results: [{ signatureIs: whole }] }, "OLDEST_FIRST")).toEqual(ids);
    expect(await listed({ results: [{ signatureIs: whole.slice(0, -1) }] }, "OLDEST_FIRST")).toEqual(
      history.scans.filter(some(({ signature }) => signature === whole.slice(0, -1))).map(({ scanId }) => scanId),
    );
  });

  it("hashes of all kinds, mixed", async () => {
    const [a, b, c] = history.scans.slice(40, 43) as [HistoryScan, HistoryScan, HistoryScan];
    const hashes = [a.md5.toUpperCase(), ` ${b.sha1}\t`, `${c.sha256}\r\n`, "0".repeat(64)];
    const samples = new Set([a, b, c].map(({ sampleId }) => sampleId));
    const ids = history.scans.filter(({ sampleId }) => samples.has(sampleId)).map(({ scanId }) => scanId);
    expect(await listed({ hashes }, "OLDEST_FIRST")).toEqual(ids);
  });
});

it.each([
  [
    "labels that no scan has together",
    {
      labels: [
        { key: "case", value: "7" },
        { key: "team", value: "lab" },
      ],
    },
  ],
  ["a label's value in another case", { labels: [{ key: "team", value: "SOC" }] }],
  ["a label's key in another case", { labels: [{ key: "Team" }] }],
  ["a name in another case", { names: ["Open 100%.exe"] }],
])("a list of scans with %s is empty", async (_what, filter) => {
  expect(await listed(filter, "OLDEST_FIRST")).toEqual([]);
});

describe("a filter that makes no sense", () => {
  it.each([
    ["filter.verdicts", { verdicts: [] }],
    ["filter.mimes.1", { mimes: ["text/plain", "text"] }],
    ["filter.size", { size: { min: 2, max: 1 } }],
    ["filter.started", { started: { since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z" } }],
    ["filter.ended", { ended: { since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z" } }],
    ["filter.results.0.signatureIs", { results: [{ signatureIs: "" }] }],
    ["filter.results.0.slowerThanMs", { results: [{ slowerThanMs: -1 }] }],
    ["filter.names.0", { names: [""] }],
    ["filter.names.0", { names: ["x".repeat(1_025)] }],
    ["filter.hashes.0", { hashes: ["abc"] }],
    ["filter.hashes", { hashes: Array.from({ length: 1_001 }, () => "0".repeat(32)) }],
    ["filter.results.0.engines", { results: [{ engines: ["NoSuchEngine"] }] }],
    ["filter.results.0.signature", { results: [{ signature: "ab" }] }],
    ["filter.results.1.signature", { results: [{ signature: "abc" }, { signature: "a" }] }],
    ["filter.labels.0.key", { labels: [{ key: "", value: "x" }] }],
    ["filter.batch", { batch: 0 }],
  ])("is refused by its place: %s", async (place, filter) => {
    const { errors } = await graphql(history.gateway.url, LIST, { filter, order: "NEWEST_FIRST" });
    expect(errors?.[0]?.extensions.code).toBe("BAD_INPUT");
    expect(errors?.[0]?.message).toMatch(new RegExp(`^${place.replaceAll(".", "\\.")}: `));
  });
});

const REPORTS = `scans(first: 50) { nodes { name sample { sha256 stored } results { engine verdict details } } }`;

describe("the two-statement rule: a report is one, a page of them two", () => {
  it.each([
    ["a report with its 20 results", "{ scan(id: 7) { verdict sample { sha256 } results { engine details } } }", 1],
    [
      "a report whose results a fragment asks for",
      "{ scan(id: 7) { ...R } } fragment R on Scan { ... on Scan { results { engine } } }",
      1,
    ],
    ["a report without its results", "{ scan(id: 7) { verdict } }", 1],
    ["a page of 50 reports with results and samples", `{ ${REPORTS} }`, 2],
    ["a filtered page", `{ ${REPORTS.replace("first: 50", "first: 50, filter: { verdicts: [CLEAN] }")} }`, 2],
    ["a page and how many there are", `{ scans(first: 50) { totalCount totalCountIsExact nodes { name } } }`, 2],
  ])("%s", async (_what, query, count) => {
    const statements = await statementsOf(() => data(history.gateway.url, query));
    expect(statements).toHaveLength(count);
  });
});

it("a list that takes too long ends with an error that says so, and takes nobody's place", async () => {
  const hurried = await history.stage.gateway({ SCANMESH_LIST_TIMEOUT: "50ms", SCANMESH_SWEEP_INTERVAL: "1h" });
  await history.stage.db.transaction().execute(async (tx) => {
    await sql`lock table scans in access exclusive mode`.execute(tx);
    const { errors } = await graphql(hurried.url, LIST, { filter: { final: true }, order: "NEWEST_FIRST" });
    expect(errors?.[0]?.extensions.code).toBe("QUERY_TIMEOUT");
  });
  await hurried.stop();
});

it("a count beyond 10,000 is 10,000 and says that there are more", async () => {
  const { db } = history.stage;
  await sql`insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, done, total, skipped)
    select 1, 'many', 'ALL', false, now(), now(), 'INCONCLUSIVE', 0, 0, '[]' from generate_series(1, 10001)`.execute(db);
  const { scans } = await data<Page>(history.gateway.url, LIST, { filter: { names: ["many"] }, order: "NEWEST_FIRST" });
  expect([scans.totalCount, scans.totalCountIsExact]).toEqual([10_000, false]);
  const beyond = async () =>
    (await data<{ system: { database: object } }>(history.gateway.url, "{ system { database { scans } } }")).system.database;
  await sql`analyze scans`.execute(db);
  expect(await beyond()).toEqual({ scans: history.scans.length + 10_001 });
});
