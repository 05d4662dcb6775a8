/** B10: how fast an agent fetches a large sample and checks it, beside a copy on the disk and `sha256sum`. */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { piecesOf, upload } from "./large-upload.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { metric, ratioMetric } from "./metric.js";
import { peakMB, pidOf, residentMB } from "./resident.js";
import { inTurn, type Side } from "./rounds.js";
import { figureOf, median } from "./statistics.js";
import type { Subscriber } from "./subscriber.js";

const MB = 1_000_000;
const LARGE_MB = 100;
const SMALL = 4_096;
const SMALL_SCANS = 9;
const SETTLE_MS = 1_000;
const SUBMIT = `mutation Scan($sha256: String!) {
  submitScan(input: { sha256: $sha256 }) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } }
}`;

export const b10: Benchmark = async ({ rounds, progress, scaled }) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-copy-"));
  const subscriber = mesh.openSubscriber();
  try {
    const bytes = scaled(LARGE_MB * MB, MB);
    const [large, small] = [await upload(mesh.url, piecesOf(bytes)), await upload(mesh.url, piecesOf(SMALL))];
    const file = join(folder, "sample");
    await writeFile(file, piecesOf(bytes));
    const agent = await pidOf(mesh, "agent");
    const memory: number[] = [];
    const product: Side = {
      name: "mesh",
      label: "mesh",
      unit: "MB/s",
      async measure(round) {
        await pause(SETTLE_MS);
        const idle = residentMB(agent);
        let passed = 0;
        const peak = await peakMB(agent, async () => (passed = await scanSeconds(mesh, subscriber, large.sha256)));
        if (round > 0) memory.push(Math.max(0, peak - idle));
        // All else that a scan takes is in that of a small sample, too.
        const beside: number[] = [];
        for (let i = 0; i < SMALL_SCANS; i++) beside.push(await scanSeconds(mesh, subscriber, small.sha256));
        return bytes / MB / (passed - median(beside));
      },
    };
    const copy: Side = {
      name: "cp and sha256sum",
      label: "cp and sha256sum",
      unit: "MB/s",
      async measure() {
        const run = promisify(execFile);
        const begun = performance.now();
        await run("cp", [file, `${file}.copy`]);
        await run("sha256sum", [`${file}.copy`]);
        return bytes / MB / ((performance.now() - begun) / 1_000);
      },
    };
    const [found = []] = await inTurn("B10", rounds, product, [copy], progress);
    return [
      ratioMetric({ id: "B10", about: "an agent's fetch of 100 MB, its sha256 checked" }, found, copy),
      metric({
        id: "B10.memory",
        about: "the agent's resident memory above idle meanwhile",
        unit: "MB",
        figure: figureOf(memory),
      }),
    ];
  } finally {
    await subscriber.close();
    await rm(folder, { recursive: true });
    await mesh.stop();
  }
};

/** Of a sample that is stored, from asking for its scan until that is final. */
async function scanSeconds({ api }: BenchMesh, subscriber: Subscriber, sha256: string): Promise<number> {
  const begun = performance.now();
  const { submitScan } = await api.query<{ submitScan: { scan: { scanId: number } } }>(SUBMIT, { sha256 });
  await subscriber.final(submitScan.scan.scanId, "INCONCLUSIVE");
  return (performance.now() - begun) / 1_000;
}
