/** B6: one report with 20 results at 10 thousand, 100 thousand and 1 million scans, against the same two statements alone. */

import pg from "pg";
import type { Benchmark } from "./bench.js";
import { latencyMetric, latencySide, type LatencySide } from "./latency-side.js";
import { randomOf } from "./random.js";
import { metric } from "./metric.js";
import { openReading, type Reader } from "./reading.js";
import { openRequests, type Requests } from "./requests.js";
import { inTurn } from "./rounds.js";
import { figureOf } from "./statistics.js";

const MANY = 1_000_000;
const SOME = 100_000;
const FEW = 10_000;
const COUNT = 400;
const CONNECTIONS = 16;

const REPORT = `query Report($id: SafeInt!) { scan(id: $id) {
  scanId name startDate endDate verdict done total detections revision skipped { engine reason } sample { sha256 sha1 md5 size mime }
  results { engine type speed state verdict signature error versions { engine signatures signatureDate } agent startedAt endedAt
    durationMs details } } }`;

const SCAN = "select scans.*, samples.* from scans join samples on samples.id = sample_id where scans.id = $1";
const RESULTS = `select results.*, engines.name, type, speed from results join engines on engines.id = engine_id
  where scan_id = $1 order by lower(engines.name)`;

export const b6: Benchmark = async (bench) => {
  const sizes = [bench.scaled(MANY, 20_000), bench.scaled(SOME, 2_000), bench.scaled(FEW, 1_000)];
  const reading = await openReading(bench, sizes);
  const [many] = reading.readers as [Reader];
  const pool = new pg.Pool({ connectionString: many.databaseUrl, max: CONNECTIONS });
  const clients = reading.readers.map(({ url }) => openRequests(url, CONNECTIONS));
  const random = randomOf(bench.seed, 0xb6);
  const anyOf = (scans: number) => 1 + (random.uint32() % scans);
  try {
    const plan = { seed: bench.seed, count: bench.scaled(COUNT, 20) };
    const [product, middle, small] = reading.readers.map(({ scans }, i) =>
      latencySide({ name: `mesh, ${scans} scans`, label: `mesh, of ${scans} scans`, ...plan }, () =>
        (clients[i] as Requests).graphql(REPORT, { id: anyOf(scans) }),
      ),
    ) as [LatencySide, LatencySide, LatencySide];
    const bare = latencySide({ name: "the bare SQL, prepared", label: "bare SQL", ...plan }, async () => {
      const id = anyOf(many.scans);
      await pool.query({ name: "scan", text: SCAN, values: [id] });
      await pool.query({ name: "results", text: RESULTS, values: [id] });
    });
    await inTurn("B6", bench.rounds, product, [bare, middle, small], bench.progress);
    const at = (id: string, size: string, side: LatencySide) => {
      const sides = { about: `one report with 20 results at ${size} scans`, product: side, baseline: bare };
      return [latencyMetric(id, "p50", sides), latencyMetric(id, "p99", sides)];
    };
    const { rows } = await pool.query<{ bytes: number }>("select pg_database_size(current_database())::float8 as bytes");
    const kilobytes = (rows[0]?.bytes ?? Number.NaN) / many.scans / 1_000;
    return [
      ...at("B6", "1 M", product),
      ...at("B6.100k", "100 k", middle),
      ...at("B6.10k", "10 k", small),
      metric({
        id: "B6.size",
        about: "a scan with 20 results on Postgres's disk, indexes with it: so many GB a million",
        unit: "KB",
        figure: figureOf([kilobytes]),
      }),
    ];
  } finally {
    await pool.end();
    for (const client of clients) client.close();
    await reading.stop();
  }
};
