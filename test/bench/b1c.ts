/** B1c: the mesh with clamd, against bare clamd asked in the faster of two ways. */

import { startBareClamd } from "./bare-clamd.js";
import type { Benchmark } from "./bench.js";
import { startMesh } from "./mesh.js";
import { ratioMetric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";
import { makeSignatures } from "./signatures.js";
import { meshSide } from "./throughput.js";

const FILES = 500;

export const b1c: Benchmark = async ({ seed, rounds, corpus, progress, scaled }) => {
  const signatures = await makeSignatures(seed);
  const clamd = await startBareClamd(signatures.folder).catch(async (error: unknown) => {
    await signatures.remove();
    throw error;
  });
  try {
    const mesh = await startMesh({ signatures: signatures.folder }, Buffer.from("first"));
    try {
      const count = scaled(FILES, 20);
      const product = meshSide(mesh, corpus, "M", count);
      const wins = { INSTREAM: 0, clamdscan: 0 };
      const bare: Side = {
        name: "bare clamd",
        label: "bare clamd",
        unit: "scans/s",
        async measure() {
          // Each way gets files of its own: clamd remembers what it has found clean.
          const byStream = await clamd.byStream(corpus.files("M", count));
          const byProgram = (await clamd.byProgram(corpus.files("M", count))) ?? Infinity;
          wins[byStream <= byProgram ? "INSTREAM" : "clamdscan"] += 1;
          return count / Math.min(byStream, byProgram);
        },
      };
      const [found = []] = await inTurn("B1c.M", rounds, product, [bare], progress);
      const about = "mesh throughput over the API with clamd, corpus M";
      const ways = `INSTREAM (${wins.INSTREAM} times) and clamdscan --multiscan --fdpass (${wins.clamdscan} times)`;
      const name = `bare clamd, the faster of ${ways}`;
      return [ratioMetric({ id: "B1c.M", about, cpuMsPerScan: product.cpuMsPerScan() }, found, { name, unit: bare.unit })];
    } finally {
      await mesh.stop();
    }
  } finally {
    await clamd.stop();
    await signatures.remove();
  }
};
