/** B5: a list of 50 scans with their verdicts, at 10 thousand, 100 thousand and 1 million scans, its first page and its 10,000th. */

import pg from "pg";
import { cursorOf, scanListName } from "../../gateway/graphql/inputs/cursors.js";
import type { Bench, Benchmark } from "./bench.js";
import { latencyMetric, latencySide, type LatencySide } from "./latency-side.js";
import { metric, type Metric } from "./metric.js";
import { openReading, type Reader } from "./reading.js";
import { openRequests } from "./requests.js";
import { inTurn } from "./rounds.js";
import { figureOf, ratios, type Figure } from "./statistics.js";

const MANY = 1_000_000;
const SOME = 100_000;
const FEW = 10_000;
const PAGE = 50;
const DEEP = 9_999;
const COUNT = 400;
const CONNECTIONS = 16;

const LIST = `query List($after: String) { scans(first: ${PAGE}, after: $after) {
  nodes { scanId name startDate endDate verdict done total detections sample { sha256 size mime } }
  pageInfo { hasNextPage endCursor } } }`;

const SQL = `select scans.id, scans.name, start_date, end_date, verdict, done, total, detections, sha256, size, mime
  from scans join samples on samples.id = sample_id where scans.id < $1 order by scans.id desc limit ${PAGE + 1}`;

export const b5: Benchmark = async (bench) => {
  const [many, some, few] = [bench.scaled(MANY, 20_000), bench.scaled(SOME, 2_000), bench.scaled(FEW, 1_000)];
  const reading = await openReading(bench, [many, some, few]);
  const [large, middle, small] = reading.readers as [Reader, Reader, Reader];
  const clients = [
    openRequests(large.url, CONNECTIONS),
    openRequests(middle.url, CONNECTIONS),
    openRequests(small.url, CONNECTIONS),
  ] as const;
  const pool = new pg.Pool({ connectionString: large.databaseUrl, max: CONNECTIONS });
  try {
    // The row before the page; a history's ids are 1 to its length.
    const before = many - Math.round((DEEP * many) / MANY) * PAGE + 1;
    const after = cursorOf(scanListName("NEWEST_FIRST", undefined), { id: before, micros: 0 });
    const plan = { seed: bench.seed, count: bench.scaled(COUNT, 20) };
    const first = latencySide({ name: `mesh, first page of ${many} scans`, label: "mesh, first page", ...plan }, () =>
      clients[0].graphql(LIST),
    );
    const deep = latencySide({ name: "mesh, 10,000th page", ...plan }, () => clients[0].graphql(LIST, { after }));
    const short = latencySide({ name: `mesh, first page of ${few} scans`, label: `mesh, of ${few} scans`, ...plan }, () =>
      clients[2].graphql(LIST),
    );
    const medium = latencySide({ name: `mesh, first page of ${some} scans`, label: `mesh, of ${some} scans`, ...plan }, () =>
      clients[1].graphql(LIST),
    );
    const bare = latencySide({ name: "the bare SQL, prepared", label: "bare SQL", ...plan }, () =>
      pool.query({ name: "list", text: SQL, values: [many + 1] }),
    );
    return await measured(bench, { first, deep, medium, short, bare });
  } finally {
    await pool.end();
    for (const client of clients) client.close();
    await reading.stop();
  }
};

type Sides = Readonly<Record<"first" | "deep" | "medium" | "short" | "bare", LatencySide>>;

async function measured({ rounds, progress }: Bench, { first, deep, medium, short, bare }: Sides): Promise<Metric[]> {
  const [ofBare = [], ofDeep = [], ofMedium = [], ofShort = []] = await inTurn(
    "B5",
    rounds,
    first,
    [bare, deep, medium, short],
    progress,
  );
  const sizes = [
    ["10k", short],
    ["100k", medium],
  ] as const;
  const inverse = ({ values }: Figure) => figureOf(values.map((value) => 1 / value));
  return [
    latencyMetric("B5", "p50", { about: "list of 50 at 1 M scans", product: first, baseline: bare }),
    latencyMetric("B5", "p99", { about: "list of 50 at 1 M scans", product: first, baseline: bare }),
    metric({ id: "B5.growth", about: "list of 50: p50 at 1 M scans by p50 at 10 k", unit: "ratio", figure: ratios(ofShort) }),
    metric({
      id: "B5.growth.100k",
      about: "list of 50: p50 at 1 M scans by p50 at 100 k",
      unit: "ratio",
      figure: ratios(ofMedium),
    }),
    ...sizes.flatMap(([scans, product]) => [
      latencyMetric(`B5.${scans}`, "p50", { about: `list of 50 at ${scans} scans; bare at 1 M`, product, baseline: bare }),
      latencyMetric(`B5.${scans}`, "p99", { about: `list of 50 at ${scans} scans; bare at 1 M`, product, baseline: bare }),
    ]),
    metric({
      id: "B5.deep",
      about: "list of 50 at 1 M scans: p50 of the 10,000th page by p50 of the first",
      unit: "ratio",
      figure: inverse(ratios(ofDeep)),
    }),
    metric({
      id: "B5.bare",
      about: "list of 50 at 1 M scans: p50 by that of the bare SQL",
      unit: "ratio",
      figure: ratios(ofBare),
    }),
  ];
}
