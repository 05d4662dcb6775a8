/** BOMBS: what refusing an operation that was made to cost much takes of the gateway's processor. */

import { BOMBS, type Bomb } from "../gateway/graphql/limits/query-bombs.js";
import type { Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { startMesh } from "./mesh.js";
import { metric } from "./metric.js";
import { processorTime } from "./processor-time.js";
import { figureOf } from "./statistics.js";

/** Linux tells processor time in hundredths of a second. */
const TIMES = 30;

export const bombs: Benchmark = async ({ rounds, progress, scaled }) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  const times = scaled(TIMES, 2);
  const measure = async (bomb: Bomb): Promise<number> => {
    const before = await processorTime();
    for (let n = 0; n < times; n++) await send(mesh.url, bomb);
    return ((await processorTime()).gateway - before.gateway) / times;
  };
  const round = async (label: string) => {
    const costs: { what: string; ms: number }[] = [];
    return progress.measure(
      `BOMBS  ${label}`,
      async (advance) => {
        for (const bomb of BOMBS) {
          costs.push({ what: bomb.what, ms: await measure(bomb) });
          advance(costs.length, BOMBS.length);
        }
        return costs.reduce((most, cost) => (cost.ms > most.ms ? cost : most));
      },
      ({ what, ms }) => `${ms.toFixed(1)} ms: ${what}`,
    );
  };
  try {
    await round("warm-up");
    const most: number[] = [];
    for (let n = 1; n <= rounds; n++) most.push((await round(`round ${n} of ${rounds}`)).ms);
    const about = "processor time of the gateway for the dearest of the operations that it refuses, over HTTP";
    return [metric({ id: "BOMBS.most", about, unit: "ms", figure: figureOf(most) })];
  } finally {
    await mesh.stop();
  }
};

/** Written by hand: JSON.stringify cannot write what is very deep. */
async function send(url: string, { query, variables }: Bomb): Promise<void> {
  const body = `{"query":${JSON.stringify(query)}${variables === undefined ? "" : `,"variables":${variables}`}}`;
  const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const text = await answer.text();
  if (answer.status !== 400) throw new Error(`a bomb is answered with ${answer.status}: ${text.slice(0, 300)}`);
}
