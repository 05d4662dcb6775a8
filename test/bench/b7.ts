/** B7: one event to many subscribers, each on a WebSocket of its own, against a bare broadcast of the same text. */

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { gather, type Audience } from "./audience.js";
import { startBareBroadcast, type BareBroadcast } from "./bare-broadcast.js";
import type { Bench, Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric, ratioMetric, type Metric } from "./metric.js";
import { pidsOf } from "./processor-time.js";
import type { Advance } from "./progress.js";
import { inTurn, type Side } from "./rounds.js";
import { openSilentEngines, type SilentEngines } from "./silent-engines.js";
import { figureOf, quantile } from "./statistics.js";

const AUDIENCES = [1_000, 5_000];
const FEW = 50;
const ENGINES = 20;
const WATCH =
  "subscription ($id: SafeInt!) { scanUpdated(id: $id) { scanId revision verdict endDate done total detections results { engine type state verdict signature error durationMs } } }";

const SUBMIT =
  'mutation ($engines: [String!]) { submitScan(input: { base64: "d2F0Y2hlZA==", engines: $engines }) { ... on SubmitScanSuccess { scan { scanId } } } }';
const GREETING = { protocol: "graphql-transport-ws", says: '{"type":"connection_init"}', hears: "connection_ack" };
const ALL_ENGINES = "{ engines { name } }";

export const b7: Benchmark = async (bench) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  const bare = await startBareBroadcast();
  const engines = await openSilentEngines(mesh.natsUrl, mesh.natsCreds, ENGINES);
  try {
    const metrics: Metric[] = [];
    while ((await mesh.api.query<{ engines: unknown[] }>(ALL_ENGINES)).engines.length <= ENGINES) await pause(100);
    await greet(mesh, engines);
    for (const full of AUDIENCES) metrics.push(...(await toMany(bench, mesh, bare, engines, bench.scaled(full, 20), full)));
    return metrics;
  } finally {
    await engines.stop();
    await bare.stop();
    await mesh.stop();
  }
};

/** Idle is what a gateway takes that has had subscribers before. */
async function greet(mesh: BenchMesh, engines: SilentEngines): Promise<void> {
  const few = await gather(socketUrl(mesh), GREETING, FEW);
  await events(mesh, few, engines, () => undefined);
  await few.close();
}

function socketUrl({ url }: BenchMesh): string {
  return `${url.replace(/^http/, "ws")}/graphql`;
}

async function toMany(
  { rounds, progress }: Bench,
  mesh: BenchMesh,
  bare: BareBroadcast,
  engines: SilentEngines,
  count: number,
  full: number,
): Promise<Metric[]> {
  const id = `B7.${full}`;
  const idle = await residentKB();
  const subscribers = await gather(socketUrl(mesh), GREETING, count);
  const listeners = await gather(bare.url, undefined, count);
  try {
    const memory: number[] = [];
    const product: Side = {
      name: "mesh",
      label: `mesh, ${count}`,
      unit: "ms (p99)",
      async measure(round, advance) {
        const times = await events(mesh, subscribers, engines, advance);
        if (round > 0) memory.push(((await residentKB()) - idle) / count);
        return quantile(times, 0.99);
      },
    };
    const baseline: Side = {
      name: "bare ws broadcast",
      label: `bare broadcast, ${count}`,
      unit: "ms (p99)",
      async measure(_round, advance) {
        const text = subscribers.last();
        if (!text.includes('"scanUpdated"')) throw new Error(`this is no report to compare with: ${text.slice(0, 100)}`);
        const times: number[] = [];
        for (let i = 0; i < ENGINES; i++) {
          times.push(
            ...(await listeners.hear(
              () => bare.send(text),
              (heard) => heard === text,
            )),
          );
          advance(i + 1, ENGINES);
        }
        return quantile(times, 0.99);
      },
    };
    const [found = []] = await inTurn(id, rounds, product, [baseline], progress);
    const about = `one event to ${count} subscribers`;
    return [
      metric({
        id: `${id}.p99`,
        about: `${about}: from an engine's answer on the bus until the last but 1 % has the new report, p99`,
        unit: "ms",
        figure: figureOf(found.flatMap((round) => round.product)),
        compared: compare(found, baseline),
      }),
      ratioMetric({ id: `${id}.ratio`, about: `${about}: the same by that of a bare broadcast` }, found, baseline),
      metric({
        id: `${id}.memory`,
        about: `${about}: the gateway's resident memory above idle, for each`,
        unit: "KB",
        figure: figureOf(memory),
      }),
    ];
  } finally {
    await subscribers.close();
    await listeners.close();
  }
}

/** A scan that all watch from its beginning to its end, one answer after the other. */
async function events(mesh: BenchMesh, subscribers: Audience, engines: SilentEngines, advance: Advance): Promise<number[]> {
  const { submitScan } = await mesh.api.query<{ submitScan: { scan: { scanId: number } } }>(SUBMIT, { engines: engines.names });
  const id = submitScan.scan.scanId;
  const at = (revision: number) => (text: string) => text.includes(`"scanId":${id},"revision":${revision},`);
  const payload = { query: WATCH, variables: { id } };
  await subscribers.hear(() => subscribers.say(JSON.stringify({ id: `watch-${id}`, type: "subscribe", payload })), at(0));
  const times: number[] = [];
  for (const [i, engine] of engines.names.entries()) {
    times.push(...(await subscribers.hear(() => engines.answer(engine, id), at(i + 1))));
    advance(i + 1, engines.names.length);
  }
  return times;
}

/** Of the gateway. */
async function residentKB(): Promise<number> {
  const sizes = await Promise.all(
    (await pidsOf("gateway")).map(async (pid) => {
      const [, kB] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
      return Number(kB);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
