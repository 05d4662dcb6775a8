/** B21: how long a gateway takes from its start to its first answer, and an agent until it takes work. */

import type { Bench, Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { startMesh } from "./mesh.js";
import { metric } from "./metric.js";
import { openRequests } from "./requests.js";
import { figureOf } from "./statistics.js";

const PATIENCE_MS = 10_000;
const BUILTIN = ["FileInfo", "Yara"];

export const b21: Benchmark = async (bench) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  try {
    const gateway = await seconds(bench, "gateway", async () => {
      const { part, listening } = mesh.startGateway();
      const requests = openRequests(await listening(), 1);
      await requests.graphql("{ engines { name } }");
      return async () => {
        requests.close();
        await part.stop(PATIENCE_MS);
      };
    });
    const agent = await seconds(bench, "agent", async () => {
      const part = await mesh.startAgent("second", { builtin: BUILTIN });
      return () => part.stop(PATIENCE_MS);
    });
    return [
      metric({ id: "B21.gateway", about: "from a gateway's start to its first answer", unit: "s", figure: figureOf(gateway) }),
      metric({
        id: "B21.agent",
        about: `from an agent's start until it pulls, ${BUILTIN.join(" and ")} tested and announced`,
        unit: "s",
        figure: figureOf(agent),
      }),
    ];
  } finally {
    await mesh.stop();
  }
};

/** The first start does not count: it reads the files from the disk. */
async function seconds(
  { rounds, progress }: Bench,
  name: string,
  start: () => Promise<() => Promise<unknown>>,
): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const took = await progress.measure(
      `B21  ${name}, start ${round}`,
      async () => {
        const begun = performance.now();
        const stop = await start();
        const passed = (performance.now() - begun) / 1_000;
        await stop();
        return passed;
      },
      (value) => `${value.toFixed(2)} s`,
    );
    if (round > 0) found.push(took);
  }
  return found;
}
