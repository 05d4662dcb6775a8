/** B8: the gateway's memory above idle while large samples are sent, beside that of a bare sink. */

import { setTimeout as pause } from "node:timers/promises";
import { startBareSink } from "./bare-sink.js";
import type { Bench, Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { piecesOf, sendPieces, upload } from "./large-upload.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric, type Metric } from "./metric.js";
import { peakMB, residentMB } from "./resident.js";
import { figureOf, type Round } from "./statistics.js";

const MB = 1_000_000;
const LARGE_MB = 100;
const BASE64_MB = 10;
const AT_ONCE = 8;
/** Idle is who has answered before. */
const BEFORE = 50;
const SMALL = 10_000;
const SETTLE_MS = 500;
const PATIENCE_MS = 10_000;
/** Of bytes as base64, so that pieces can be put behind one another. */
const WHOLE = 3;

interface Way {
  readonly id: string;
  readonly about: string;
  readonly toMesh: (url: string) => Promise<unknown>;
  readonly toSink: (url: string) => Promise<unknown>;
}

export const b8: Benchmark = async (bench) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  try {
    const metrics: Metric[] = [];
    for (const way of waysOf(bench)) metrics.push(await memoryOf(bench, mesh, way));
    return metrics;
  } finally {
    await mesh.stop();
  }
};

function waysOf({ scaled }: Bench): Way[] {
  const [large, small] = [scaled(LARGE_MB * MB, MB), scaled(BASE64_MB * MB, MB)];
  const toSink = (url: string) => sendPieces(url, "PUT", "application/octet-stream", piecesOf(large));
  const toMesh = (url: string) => upload(url, piecesOf(large));
  const eight = (send: (url: string) => Promise<unknown>) => (url: string) =>
    Promise.all(Array.from({ length: AT_ONCE }, () => send(url)));
  return [
    { id: "B8.one", about: "one upload of 100 MB", toMesh, toSink },
    { id: "B8.eight", about: "eight uploads of 100 MB at once", toMesh: eight(toMesh), toSink: eight(toSink) },
    {
      id: "B8.base64",
      about: "10 MB as base64 in JSON",
      toMesh: (url) => sendPieces(new URL("/api/v1/sample", url), "POST", "application/json", inJson(small)),
      toSink: (url) => sendPieces(url, "POST", "application/json", inJson(small)),
    },
  ];
}

/** Each time in processes of their own: what one has taken once is not given back. */
async function memoryOf({ rounds, progress }: Bench, mesh: BenchMesh, { id, about, toMesh, toSink }: Way): Promise<Metric> {
  const found: Round[] = [];
  const measure = (label: string, pid: number, work: () => Promise<unknown>) =>
    progress.measure(
      `${id}  round ${found.length + 1} of ${rounds}  ${label}`,
      async () => {
        await pause(SETTLE_MS);
        const idle = residentMB(pid);
        return (await peakMB(pid, work)) - idle;
      },
      (value) => `${value.toFixed(1)} MB above idle`,
    );
  while (found.length < rounds) {
    const { part, listening } = mesh.startGateway();
    const url = await listening();
    for (let i = 0; i < BEFORE; i++) await upload(url, piecesOf(SMALL));
    const product = await measure("mesh", part.pid ?? 0, () => toMesh(url));
    await part.stop(PATIENCE_MS);
    const sink = await startBareSink();
    for (let i = 0; i < BEFORE; i++) await sendPieces(sink.url, "PUT", "application/octet-stream", piecesOf(SMALL));
    const baseline = await measure("bare sink", sink.pid, () => toSink(sink.url));
    await sink.stop();
    found.push({ product: [product], baseline: [baseline] });
  }
  return metric({
    id,
    about: `${about}: the gateway's resident memory above idle`,
    unit: "MB",
    figure: figureOf(found.flatMap(({ product }) => product)),
    compared: compare(found, { name: "bare sink", unit: "MB" }),
  });
}

function* inJson(bytes: number): Generator<string> {
  yield '{"allow_internet":"False","minspeed":3,"sample_name":"large.bin","sample":"';
  let rest = Buffer.alloc(0);
  for (const piece of piecesOf(bytes)) {
    const all = Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % WHOLE);
    yield all.toString("base64", 0, whole);
    rest = all.subarray(whole);
  }
  yield `${rest.toString("base64")}"}`;
}
