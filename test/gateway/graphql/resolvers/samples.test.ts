import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data, graphql } from "../../http/http-client.js";
import { startHistory, type HistoryScan, type HistoryStage } from "../../db/history-stage.js";
import { statementsOf } from "../../db/statements.js";

/** A sample with its scans, the oldest first. */
interface Past {
  readonly sampleId: number;
  readonly firstSeen: string;
  readonly scans: readonly HistoryScan[];
}

let history: HistoryStage;
let past: readonly Past[];

beforeAll(async () => {
  history = await startHistory(600);
  const { db } = history.stage;
  await sql`
    update samples set blob = gen_random_uuid(), isolated_chunks = '{}' where id % 3 = 0`.execute(db);
  await sql`
    insert into samples (sha256, md5, sha1, size, mime) values (repeat('e', 64), repeat('e', 32), repeat('e', 40), 5, 'image/png')`.execute(
    db,
  );
  const { rows } = await sql<{ sampleId: number; firstSeen: string }>`
    select id as "sampleId", to_json(first_seen) as "firstSeen" from samples order by id`.execute(db);
  past = rows.map((row) => ({ ...row, scans: history.scans.filter(({ sampleId }) => sampleId === row.sampleId) }));
});

afterAll(() => history.stage.stop());

interface Page {
  readonly samples: {
    readonly totalCount: number;
    readonly nodes: readonly { id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const LIST = `query List($filter: SampleFilter, $order: SampleOrder!, $after: String) {
  samples(filter: $filter, order: $order, after: $after, first: 100) {
    totalCount totalCountIsExact nodes { id } pageInfo { hasNextPage endCursor } } }`;

const numberOf = (id: string) => Number(Buffer.from(id, "base64url").toString().replace("Sample:", ""));

async function listed(filter: object, order: string): Promise<number[]> {
  const found: number[] = [];
  for (let after: string | null = null; ;) {
    const { samples }: Page = await data<Page>(history.gateway.url, LIST, { filter, order, after });
    found.push(...samples.nodes.map(({ id }) => numberOf(id)));
    if (samples.pageInfo.hasNextPage) after = samples.pageInfo.endCursor;
    else {
      expect(samples.totalCount).toBe(found.length);
      return found;
    }
  }
}

const since = new Date(Date.now() - 60 * 86_400_000).toISOString();
const until = new Date(Date.now() - 20 * 86_400_000).toISOString();
const CASES: [what: string, filter: object, wanted: (sample: Past) => boolean][] = [
  ["type", { mimes: ["application/pdf", "image/*"] }, ({ scans }) => scans.length === 0 || scans[0]?.mime === "application/pdf"],
  ["size", { size: { max: 20_000 } }, ({ scans }) => (scans[0]?.size ?? 5) <= 20_000],
  [
    "time",
    { firstSeen: { since, until } },
    ({ firstSeen }) => Date.parse(firstSeen) >= Date.parse(since) && Date.parse(firstSeen) < Date.parse(until),
  ],
  ["bytes that are stored", { stored: true }, ({ sampleId, scans }) => sampleId % 3 === 0 && scans.length > 0],
  ["bytes that are gone", { stored: false }, ({ sampleId, scans }) => sampleId % 3 !== 0 || scans.length === 0],
  [
    "verdict of the newest scan",
    { verdicts: ["INFECTED", "INCONCLUSIVE"] },
    ({ scans }) => /^(INFECTED|INCONCLUSIVE)$/.test(scans.at(-1)?.verdict ?? ""),
  ],
  ["nothing in particular", {}, () => true],
];

describe("a list of samples is filtered by", () => {
  it.each(CASES)("%s", async (_what, filter, wanted) => {
    const ids = past.filter(wanted).map(({ sampleId }) => sampleId);
    expect(ids.length).toBeGreaterThan(0);
    expect(await listed(filter, "OLDEST_FIRST")).toEqual(ids);
    expect(await listed(filter, "NEWEST_FIRST")).toEqual(ids.toReversed());
  });

  it("hashes, mixed", async () => {
    const [a, b] = [past[4]?.scans[0], past[9]?.scans[0]];
    expect(await listed({ hashes: [a?.md5, b?.sha256.toUpperCase()] }, "OLDEST_FIRST")).toEqual([a?.sampleId, b?.sampleId]);
  });

  it("nothing that makes no sense", async () => {
    for (const filter of [{ mimes: ["png"] }, { hashes: [] }, { verdicts: [] }, { size: { min: 3, max: 2 } }]) {
      const { errors } = await graphql(history.gateway.url, LIST, { filter, order: "NEWEST_FIRST" });
      expect(errors?.[0]?.extensions.code).toBe("BAD_INPUT");
      expect(errors?.[0]?.message).toContain(`filter.${Object.keys(filter)[0]}`);
    }
  });
});

const SAMPLE = `query($hash: String!) { sample(hash: $hash) {
  firstSeen lastSeen names stored latestScan { scanId verdict } scans(order: OLDEST_FIRST, first: 2) {
    totalCount totalCountIsExact nodes { scanId } pageInfo { hasNextPage endCursor } } } }`;

describe("a sample", () => {
  it("tells its names, when it was first and last seen, and its scans", async () => {
    const often = past.toSorted((a, b) => b.scans.length - a.scans.length)[0] as Past;
    const scans = often.scans.map(({ scanId }) => scanId);
    expect(scans.length).toBeGreaterThan(2);
    const { sample } = await data<{ sample: { scans: { pageInfo: { endCursor: string } } } }>(history.gateway.url, SAMPLE, {
      hash: often.scans[0]?.sha1,
    });
    const newest = often.scans.at(-1);
    expect(sample).toMatchObject({
      firstSeen: new Date(often.firstSeen).toISOString(),
      lastSeen: new Date(newest?.start ?? "").toISOString(),
      names: [...new Set(often.scans.map(({ name }) => name).toReversed())],
      latestScan: { scanId: newest?.scanId, verdict: newest?.verdict },
      scans: {
        totalCount: scans.length,
        totalCountIsExact: true,
        nodes: scans.slice(0, 2).map((scanId) => ({ scanId })),
        pageInfo: { hasNextPage: true },
      },
    });
    const rest = await data(
      history.gateway.url,
      `query($hash: String!, $after: String) { sample(hash: $hash) { scans(order: OLDEST_FIRST, after: $after) { nodes { scanId } } } }`,
      { hash: often.scans[0]?.md5, after: sample.scans.pageInfo.endCursor },
    );
    expect(rest).toEqual({ sample: { scans: { nodes: scans.slice(2).map((scanId) => ({ scanId })) } } });
  });

  it("tells each name once, the newest first, and 20 at most", async () => {
    const { db } = history.stage;
    await sql`
      insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, done, total, skipped)
      select 3, 'name ' || n % 25, 'ALL', false, now(), now(), 'CLEAN', 0, 0, '[]' from generate_series(1, 100) n`.execute(db);
    const { sample } = await data<{ sample: { names: string[] } }>(
      history.gateway.url,
      "query($hash: String!) { sample(hash: $hash) { names } }",
      {
        hash: past[2]?.scans[0]?.sha256,
      },
    );
    expect(sample.names).toEqual(Array.from({ length: 20 }, (_, i) => `name ${(100 - i) % 25}`));
  });

  it("that was never scanned was last seen when it was first seen", async () => {
    const { sample } = await data<{ sample: { firstSeen: string } }>(history.gateway.url, SAMPLE, { hash: "e".repeat(64) });
    expect(sample).toMatchObject({
      lastSeen: sample.firstSeen,
      names: [],
      latestScan: null,
      scans: { totalCount: 0, nodes: [] },
    });
  });
});

const NESTED =
  "{ sha256 names lastSeen latestScan { verdict } scans(first: 3) { totalCount nodes { name results { verdict } } } }";

describe("what is nested in lists is read for all of the page at once", () => {
  it.each([
    ["samples", `{ samples(first: 50) { nodes { sha256 stored } } }`, 1],
    // Samples, histories, newest scans, pages of scans, their counts, their results.
    ["samples with everything", `{ samples(first: 50) { nodes ${NESTED} } }`, 6],
    // Scans and their results, and the same but for the samples themselves.
    [
      "scans with their samples' scans",
      `{ scans(first: 50, order: OLDEST_FIRST) { nodes { results { state } sample ${NESTED} } } }`,
      7,
    ],
  ])("%s", async (_what, query, count) => {
    expect(await statementsOf(() => data(history.gateway.url, query))).toHaveLength(count);
  });
});
