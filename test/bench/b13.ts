/** B13: how many lists of the same 50 scans a second GraphQL and REST serve, against fastify with the same SQL and JSON alone. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../schema/paths.js";
import { startPart } from "../../standalone/part.js";
import type { Bench, Benchmark } from "./bench.js";
import { ratioMetric, type Metric } from "./metric.js";
import { openReading, type Reader } from "./reading.js";
import { openRequests, type Requests } from "./requests.js";
import { inTurn, type Side } from "./rounds.js";

const MANY = 1_000_000;
const CONNECTIONS = 8;
const REQUESTS = 2_000;
const PATIENCE_MS = 5_000;

const ROWS = `{ scans(first: 50, order: OLDEST_FIRST) { nodes { scanId name startDate endDate sample { md5 sha1 sha256 size } } } }`;

const WAYS = {
  graphql: { about: "GraphQL", ask: (client: Requests) => client.graphql(ROWS) },
  rest: { about: "REST", ask: (client: Requests) => client.get("/api/v1/sample?limit=50") },
} as const;

export const b13: Benchmark = async (bench) => {
  const reading = await openReading(bench, [bench.scaled(MANY, 20_000)]);
  const { url, databaseUrl } = reading.readers[0] as Reader;
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-rows-"));
  const bare = startPart({
    name: "bare fastify",
    script: [projectPath("dist", "bench", "test", "bench", "bare-rows.js"), databaseUrl],
    env: { PATH: process.env.PATH },
    logFile: join(folder, "bare.log"),
  });
  const mesh = openRequests(url, CONNECTIONS);
  const plain = openRequests((await bare.message("listening")).url, CONNECTIONS);
  try {
    await checkSame(mesh, plain);
    return [await served(bench, "graphql", mesh, plain), await served(bench, "rest", mesh, plain)];
  } finally {
    mesh.close();
    plain.close();
    await bare.stop(PATIENCE_MS);
    await reading.stop();
    await rm(folder, { recursive: true });
  }
};

/** Everything that is told must be told by both. */
async function checkSame(mesh: Requests, plain: Requests): Promise<void> {
  for (const [way, { ask }] of Object.entries(WAYS)) {
    const [ours, theirs] = await Promise.all([ask(mesh), ask(plain)]);
    if (sorted(JSON.parse(ours)) !== sorted(JSON.parse(theirs)))
      throw new Error(`${way}: the answers differ:\n${ours}\n${theirs}`);
  }
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

async function served(
  { rounds, progress, scaled }: Bench,
  way: keyof typeof WAYS,
  mesh: Requests,
  plain: Requests,
): Promise<Metric> {
  const { about, ask } = WAYS[way];
  const count = scaled(REQUESTS, 50);
  const side = (name: string, client: Requests): Side => ({
    name,
    label: name,
    unit: "requests/s",
    async measure(_round, advance) {
      const begun = performance.now();
      let [sent, done] = [0, 0];
      const one = async () => {
        while (sent++ < count) {
          await ask(client);
          advance(++done, count);
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, one));
      return count / ((performance.now() - begun) / 1_000);
    },
  });
  const bare = side("fastify with the same SQL and JSON", plain);
  const [found = []] = await inTurn(`B13.${way}`, rounds, side("mesh", mesh), [bare], progress);
  return ratioMetric({ id: `B13.${way}`, about: `lists of the same 50 scans over ${about}` }, found, bare);
}
