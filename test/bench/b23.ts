/** B23: what scans lose while their engine is updated: the new signatures are fetched, and clamd is tried out with them beside the one that scans. */

import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { projectPath } from "../../schema/paths.js";
import { formOf } from "./api.js";
import type { Bench, Benchmark } from "./bench.js";
import { keepLatencies, latencyRounds, numbers } from "./kept-latencies.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric, type Metric } from "./metric.js";
import { latencies, plannedStarts, type Percentiles } from "./open-load.js";
import { randomOf } from "./random.js";
import { inTurn } from "./rounds.js";
import { makeSignatures } from "./signatures.js";
import { figureOf } from "./statistics.js";
import { openSubscriber } from "./subscriber.js";

const RATE = 20;
const SECONDS = 10;
const LOOK_MS = 200;
const BEGIN = `mutation { updateEngines(input: { engines: ["ClamAV"], skipCanary: true }) {
  ... on UpdateEnginesSuccess { updates { id } refused { message } } ... on UserError { message } } }`;
const LAST = "{ engineUpdates(first: 1) { nodes { id state reason } } }";

export const b23: Benchmark = async (bench) => {
  const signatures = await makeSignatures(bench.seed);
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-updates-"));
  try {
    const key = join(folder, "bundles.pem");
    await writeFile(key, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
    const settings = {
      SCANMESH_BUNDLE_KEY: key,
      SCANMESH_BUNDLES: join(folder, "bundles"),
      // As long as what is measured.
      SCANMESH_UPDATE_TEST: `${Math.ceil(bench.seconds(SECONDS))}s`,
    };
    const mesh = await startMesh({ signatures: signatures.folder }, Buffer.from("first"), { settings });
    try {
      return await measure(bench, mesh, signatures.folder);
    } finally {
      await mesh.stop();
    }
  } finally {
    await signatures.remove();
    await rm(folder, { recursive: true, force: true });
  }
};

async function measure(bench: Bench, mesh: BenchMesh, signatures: string): Promise<Metric[]> {
  const count = Math.ceil(RATE * bench.seconds(SECONDS));
  const starts = plannedStarts(count, RATE, randomOf(bench.seed, 0xb23));
  const subscriber = openSubscriber(mesh.url);
  const scan = (advance: Parameters<typeof latencies>[2]) => {
    const forms = bench.corpus.files("64K", count).map((file, i) => formOf(file, `64K-${i}`));
    return latencies(starts, async (i) => subscriber.final(await mesh.api.submit(forms[i] as Buffer), "CLEAN"), advance);
  };
  const updated = keepLatencies("while ClamAV is updated", async (advance) => {
    const id = await beginUpdate(mesh, signatures);
    const found = await scan(advance);
    await endUpdate(mesh, id);
    return found;
  });
  const alone = keepLatencies("without an update", scan);
  try {
    await inTurn("B23", bench.rounds, updated, [alone], bench.progress);
  } finally {
    await subscriber.close();
  }
  const of = (share: keyof Percentiles): Metric =>
    metric({
      id: `B23.${share}`,
      about: `latency, ${share}, while ClamAV is updated: submit to result on a subscription, 64 KiB, ${RATE} scans/s`,
      unit: "ratio",
      figure: figureOf(numbers(bench.rounds).map((round) => updated.pooled(round, share) / alone.pooled(round, share))),
      compared: compare(latencyRounds(bench.rounds, share, updated, alone), { name: `${alone.name}, ${share}`, unit: "ms" }),
    });
  return [of("p50"), of("p99")];
}

/** Publishes the signatures with one more; the update's id. */
async function beginUpdate({ api, url }: BenchMesh, signatures: string): Promise<string> {
  await appendFile(join(signatures, "bench.ndb"), `Bench-Update:0:*:${Buffer.from(String(performance.now())).toString("hex")}\n`);
  await promisify(execFile)(process.execPath, [
    projectPath("dist", "cli", "bundle.js"),
    "publish",
    "ClamAV",
    signatures,
    "--url",
    url,
  ]);
  const { updateEngines } = await api.query<{ updateEngines: { updates?: { id: string }[] } }>(BEGIN);
  const id = updateEngines.updates?.[0]?.id;
  if (id === undefined) throw new Error(`the update was refused: ${JSON.stringify(updateEngines)}`);
  return id;
}

async function endUpdate({ api }: BenchMesh, id: string): Promise<void> {
  for (;;) {
    const { engineUpdates } = await api.query<{ engineUpdates: { nodes: { id: string; state: string; reason: string }[] } }>(
      LAST,
    );
    const [last] = engineUpdates.nodes;
    if (last?.id === id && last.state === "DONE") return;
    if (last?.id !== id || last.state === "ROLLED_BACK") throw new Error(`the update did not go well: ${JSON.stringify(last)}`);
    await pause(LOOK_MS);
  }
}
