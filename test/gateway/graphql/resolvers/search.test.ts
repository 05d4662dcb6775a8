/** One search for whatever people type. */

import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { searchScans, type SearchTerms } from "../../../../gateway/db/search-scans.js";
import { openExplained } from "../../db/explained.js";
import { startHistory, type HistoryScan, type HistoryStage } from "../../db/history-stage.js";
import { data, graphql } from "../../http/http-client.js";

let history: HistoryStage;
let names: Readonly<Record<string, number>>;

const NAMES = ["Rechnung ÄÖÜ.PDF", "änderung.txt", "4711", "100%_sure.doc", `${"long ".repeat(30)}End.bin`, "e\u0301tude.wav"];

beforeAll(async () => {
  history = await startHistory(2_000);
  const { rows } = await sql<{ id: number; name: string }>`
    insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, total, skipped)
    select 1, name, 'ALL', false, now(), now(), 'INCONCLUSIVE', 0, '[]' from unnest(${NAMES}::text[]) as name returning id, name`.execute(
    history.stage.db,
  );
  names = Object.fromEntries(rows.map(({ id, name }) => [name, id]));
  await sql`analyze scans`.execute(history.stage.db);
});

afterAll(() => history.stage.stop());

interface Page {
  readonly search: {
    readonly totalCount: number;
    readonly nodes: readonly { scanId: number }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}
const SEARCH = `query($text: String!, $first: Int!, $after: String) {
  search(text: $text, first: $first, after: $after) { totalCount nodes { scanId } pageInfo { hasNextPage endCursor } } }`;

async function found(text: string, first = 100): Promise<number[]> {
  const ids: number[] = [];
  for (let after: string | null = null; ;) {
    const { search }: Page = await data<Page>(history.gateway.url, SEARCH, { text, first, after });
    ids.push(...search.nodes.map(({ scanId }) => scanId));
    if (search.pageInfo.hasNextPage) after = search.pageInfo.endCursor;
    else {
      expect(search.totalCount).toBe(ids.length);
      return ids;
    }
  }
}

const withName = (...wanted: string[]) => wanted.map((name) => names[name] ?? 0).toSorted((a, b) => b - a);
const where = (wanted: (scan: HistoryScan) => boolean) =>
  history.scans
    .filter(wanted)
    .map(({ scanId }) => scanId)
    .toSorted((a, b) => b - a);

describe("a search finds", () => {
  it("a sample's scans by each of its hashes, in either case", async () => {
    const { sampleId, md5, sha1, sha256 } = history.scans[40] as HistoryScan;
    const wanted = await sql<{ id: number }>`select id from scans where sample_id = ${sampleId} order by id desc`.execute(
      history.stage.db,
    );
    for (const hash of [md5, sha1, sha256, sha256.toUpperCase()])
      expect(await found(hash)).toEqual(wanted.rows.map(({ id }) => id));
  });

  it("a scan by its number, and a file that is called like one", async () => {
    expect(await found("7")).toEqual([7]);
    expect(await found("#7")).toEqual([7]);
    expect(await found("4711")).toEqual(withName("4711"));
    expect(await found("9007199254740993")).toEqual([]);
  });

  it.each<[text: string, names: string[]]>([
    ["rechnung äöü.pdf", ["Rechnung ÄÖÜ.PDF"]],
    ["RECHNUNG*", ["Rechnung ÄÖÜ.PDF"]],
    ["rechnung Äö*", ["Rechnung ÄÖÜ.PDF"]],
    ["ÄNDERUNG.TXT", ["änderung.txt"]],
    ["*.WAV", ["e\u0301tude.wav"]],
    ["étude*", ["e\u0301tude.wav"]],
    ["100%_SURE*", ["100%_sure.doc"]],
    ["100%_s", []],
    ["100%*doc", ["100%_sure.doc"]],
    [`${"LONG ".repeat(30)}*.BIN`, [`${"long ".repeat(30)}End.bin`]],
    ["rechnung*, 100*.doc , #0,", ["Rechnung ÄÖÜ.PDF", "100%_sure.doc"]],
  ])("names in any case: %s", async (text, wanted) => {
    expect(await found(text)).toEqual(withName(...wanted));
  });

  it("many, a page at a time, each once", async () => {
    const wanted = where(({ name }) => name.toLowerCase().startsWith("invoice-1"));
    expect(wanted.length).toBeGreaterThan(14);
    const first = history.scans.find(({ name }) => name.toLowerCase().startsWith("invoice-1"));
    expect(await found(`INVOICE-1*, invoice-1*, ${first?.scanId}`, 7)).toEqual(wanted);
  });
});

it.each([
  ["", "text: is empty"],
  [" , ,", "text: is empty"],
  [Array.from({ length: 101 }, (_, i) => i).join(), "text: has 101 terms; 100 is the most"],
  ["x".repeat(1_025), "text: has 1025 characters; 1024 is the most"],
])("is refused: %#", async (text, message) => {
  const { errors } = await graphql(history.gateway.url, SEARCH, { text, first: 10 });
  expect(errors).toMatchObject([{ message, extensions: { code: "BAD_INPUT" } }]);
});

it("reads no more scans than it finds, however long the history is", async () => {
  await sql`insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, total, skipped)
    select 1 + n % 100, 'Other-' || n, 'ALL', false, now(), now(), 'INCONCLUSIVE', 0, '[]' from generate_series(1, 20000) as n`.execute(
    history.stage.db,
  );
  await sql`analyze scans`.execute(history.stage.db);
  const { db, explain } = openExplained(history.stage.databaseUrl);
  const { sha256, md5 } = history.scans[1_500] as HistoryScan;
  const searches: Partial<SearchTerms>[] = [
    { scanIds: [7, 8] },
    { hashes: [sha256, md5] },
    { names: ["RECHNUNG*"] },
    { names: ["ändeRUNG.txt", "100%_SURE.doc"] },
    { scanIds: [7], hashes: [sha256], names: ["oTHER-1234*"] },
  ];
  for (const terms of searches) {
    const seen = await explain(() =>
      searchScans(db, { scanIds: [], hashes: [], names: [], ...terms }, { after: undefined, limit: 26 }),
    );
    expect(seen.length).toBeGreaterThan(0);
    for (const { text, rows } of seen) expect(rows, `${JSON.stringify(terms)}: ${text}`).toBeLessThan(1_000);
  }
  await db.destroy();
});
