/** `npm run bench:streams`: how long a report takes, and what the gateway's memory does, while everything is being listed. */

import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createProgress } from "./progress.js";
import { quantile } from "./statistics.js";

const PATHS = ["nothing", "/api/v1/sample", "/export/csv", "/api/search?file_hash=%25"];
/** A report is asked for at every such moment, whether the one before has come or not. */
const EVERY_MS = 20;
const IDLE_SECONDS = 10;
/** Within this time a report is asked to come. */
const ASKED_MS = 50;
const MIB = 1024 * 1024;

const USAGE = `npm run bench:streams -- --url http://127.0.0.1:8080 [--seconds 600]

  --url      a gateway on a database with many scans (npm run bench:fill makes one)
  --seconds  after so many a stream is cut off`;

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Reads an answer and lets go of it; how many bytes it had. Cut off by the signal it resolves too. */
function drain(url: string, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const fail = (error: Error) => (signal?.aborted ? resolve(bytes) : reject(error));
    const outgoing = request(url, { agent: signal ? false : agent, ...(signal ? { signal } : {}) }, (incoming) => {
      if (incoming.statusCode !== 200) return void reject(new Error(`${url} answers ${incoming.statusCode}`));
      incoming.on("data", (part: Buffer) => (bytes += part.length));
      incoming.once("error", fail).once("end", () => resolve(bytes));
    });
    outgoing.once("error", fail).end();
  });
}

async function residentMb(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]) / MIB;
}

async function reportIds(url: string): Promise<number[]> {
  const scans = (await (await fetch(`${url}/api/v1/sample?limit=1000`)).json()) as { id: number }[];
  if (scans.length === 0) throw new Error("there are no scans");
  return scans.map(({ id }) => id);
}

interface Measured {
  readonly waits: readonly number[];
  readonly peakMb: number;
  readonly bytes: number;
  readonly seconds: number;
}

async function measure(url: string, path: string, seconds: number): Promise<Measured> {
  const ids = await reportIds(url);
  const begun = performance.now();
  const signal = AbortSignal.timeout((path === "nothing" ? IDLE_SECONDS : seconds) * 1_000);
  let over = false;
  const stream = (path === "nothing" ? pause(IDLE_SECONDS * 1_000, 0) : drain(`${url}${path}`, signal)).finally(
    () => (over = true),
  );
  const waits: Promise<number>[] = [];
  const looks: Promise<number>[] = [];
  for (let n = 0; !over; n += 1) {
    const intended = begun + n * EVERY_MS;
    await pause(Math.max(0, intended - performance.now()));
    const report = drain(`${url}/api/v1/sample/${ids[n % ids.length]}`);
    waits.push(report.then(() => performance.now() - intended));
    if (n % 25 === 0) looks.push(residentMb(url));
  }
  const bytes = await stream;
  const lasted = (performance.now() - begun) / 1_000;
  return { waits: await Promise.all(waits), peakMb: Math.max(...(await Promise.all(looks))), bytes, seconds: lasted };
}

function shown({ waits, peakMb, bytes, seconds }: Measured, idleMb: number): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(waits, share).toFixed(1));
  const rate = bytes === 0 ? "" : `${(bytes / MIB).toFixed(0)} MiB, ${(bytes / MIB / seconds).toFixed(1)} MiB/s;  `;
  const late = waits.filter((wait) => wait > ASKED_MS).length;
  return `${rate}report p50 ${p50} ms, p99 ${p99} ms, most ${most} ms, ${late} of ${waits.length} over ${ASKED_MS} ms;  memory ${peakMb.toFixed(0)} MiB, ${(peakMb - idleMb).toFixed(0)} above idle`;
}

const { values } = parseArgs({ options: { url: { type: "string" }, seconds: { type: "string", default: "600" } } });
const seconds = Number(values.seconds);
if (values.url === undefined || !(seconds > 0)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const url = values.url.replace(/\/$/, "");
  const progress = createProgress(process.stderr, new AbortController().signal);
  // Idle is what a gateway takes that has answered before.
  for (let i = 0; i < 20; i += 1)
    for (const path of ["/api/v1/sample?limit=1000", "/export/csv?l=100"]) await drain(`${url}${path}`);
  const idleMb = await residentMb(url);
  for (const path of PATHS) {
    await progress.measure(
      path,
      () => measure(url, path, seconds),
      (measured) => shown(measured, idleMb),
    );
  }
  agent.destroy();
}
