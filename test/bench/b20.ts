/** B20: the mesh with ClamAV in a container, against MultiAV2's way: a `docker run` of ClamAV's scanner for every file. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../schema/paths.js";
import { docker } from "../docker/base-image.js";
import { makeImage, productImage } from "../docker/images.js";
import type { Bench, Benchmark } from "./bench.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { ratioMetric, type Metric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";
import { makeSignatures } from "./signatures.js";
import { meshSide } from "./throughput.js";

const FILES = { T: 1_000, M: 300 } as const;
const RUNS = 6;
const AT_ONCE = availableParallelism();

export const b20: Benchmark = async (bench) => {
  const image = await productImage("clamav");
  const scanner = await makeImage("clamscan", projectPath("test", "bench", "clamscan"));
  const signatures = await makeSignatures(bench.seed);
  try {
    const mesh = await startMesh({ signatures: signatures.folder, image }, Buffer.from("first"));
    try {
      const run = { scanner, signatures: signatures.folder };
      return [await throughput("T", bench, mesh, run), await throughput("M", bench, mesh, run)];
    } finally {
      await mesh.stop();
    }
  } finally {
    await signatures.remove();
  }
};

interface ColdRun {
  /** The image whose `clamscan` is run. */
  readonly scanner: string;
  readonly signatures: string;
}

async function throughput(id: "T" | "M", bench: Bench, mesh: BenchMesh, run: ColdRun): Promise<Metric> {
  const { corpus, scaled, rounds, progress } = bench;
  const count = scaled(RUNS, 2);
  const cold: Side = {
    name: `docker run of clamscan for each file, ${AT_ONCE} at once`,
    label: "docker run",
    unit: "scans/s",
    measure: async () => count / (await secondsOf(corpus.files(id, count), run)),
  };
  const [found = []] = await inTurn(`B20.${id}`, rounds, meshSide(mesh, corpus, id, scaled(FILES[id], 20)), [cold], progress);
  const about = `mesh throughput over the API with ClamAV as a service in a container, corpus ${id}, against MultiAV2's way`;
  return ratioMetric({ id: `B20.${id}`, about }, found, cold);
}

/** Seconds for all files, each in a container of its own, which ends with another status than 0 unless the file is clean. */
async function secondsOf(files: readonly Buffer[], { scanner, signatures }: ColdRun): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-cold-"));
  try {
    await chmod(folder, 0o755);
    const names = files.map((_, n) => `${n}`);
    for (const [n, file] of files.entries()) await writeFile(join(folder, `${n}`), file);
    const volumes = [`--volume=${folder}:/malware:ro`, `--volume=${signatures}:/var/lib/clamav:ro`];
    const begun = performance.now();
    const left = names.values();
    const work = async () => {
      for (const name of left)
        await docker("run", "--rm", "--network=none", ...volumes, scanner, "clamscan", "--no-summary", `/malware/${name}`);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return (performance.now() - begun) / 1_000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
