/** B6: one report with 20 results at 1 million scans, against the same two statements alone. */

import pg from "pg";
import type { Benchmark } from "./bench.js";
import { latencyMetric, latencySide } from "./latency-side.js";
import { randomOf } from "./random.js";
import { openReading, type Reader } from "./reading.js";
import { openRequests } from "./requests.js";
import { inTurn } from "./rounds.js";

const MANY = 1_000_000;
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
  const many = bench.scaled(MANY, 20_000);
  const reading = await openReading(bench, [many]);
  const { url, databaseUrl } = reading.readers[0] as Reader;
  const client = openRequests(url, CONNECTIONS);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  const random = randomOf(bench.seed, 0xb6);
  const anyScan = () => 1 + (random.uint32() % many);
  try {
    const plan = { seed: bench.seed, count: bench.scaled(COUNT, 20) };
    const product = latencySide({ name: "mesh", ...plan }, () => client.graphql(REPORT, { id: anyScan() }));
    const bare = latencySide({ name: "the bare SQL, prepared", label: "bare SQL", ...plan }, async () => {
      const id = anyScan();
      await pool.query({ name: "scan", text: SCAN, values: [id] });
      await pool.query({ name: "results", text: RESULTS, values: [id] });
    });
    await inTurn("B6", bench.rounds, product, [bare], bench.progress);
    const sides = { about: "one report with 20 results at 1 M scans", product, baseline: bare };
    return [latencyMetric("B6", "p50", sides), latencyMetric("B6", "p99", sides)];
  } finally {
    await pool.end();
    client.close();
    await reading.stop();
  }
};
