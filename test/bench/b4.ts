/** B4: what a scan costs before its engine works, in each container mode, against `docker run` and `docker exec`. */

import { baseImage, docker } from "../docker/base-image.js";
import type { Benchmark } from "./bench.js";
import { SPARES, startModes, type Mode, type ModeName } from "./container-modes.js";
import { ratioMetric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";

const SCANS: Readonly<Record<ModeName, number>> = { service: 300, exec: 20, fresh: 6, freshReady: SPARES };
const RUNS = 6;
const EXECS = 12;
const UNIT = "ms a scan";

export const b4: Benchmark = async ({ rounds, progress, scaled }) => {
  const image = await baseImage();
  const { modes, folder, stop } = await startModes(image);
  try {
    const fence = ["--network=none", `--volume=${folder}:/malware:ro`];
    const warm = await docker("run", "--detach", ...fence, image, "sleep", "86400");
    try {
      const names = Object.keys(SCANS) as ModeName[];
      const [first, ...others] = names.map((name) => sideOf(name, modes[name], scaled(SCANS[name], 2))) as [Side, ...Side[]];
      const run = bare("docker run", scaled(RUNS, 2), () => docker("run", "--rm", ...fence, image, "true"));
      const exec = bare("docker exec", scaled(EXECS, 2), () => docker("exec", warm, "true"));
      const found = await inTurn("B4", rounds, first, [...others, run, exec], progress);
      const baselines = [
        { id: "run", side: run, runs: found.at(-2) ?? [] },
        { id: "exec", side: exec, runs: found.at(-1) ?? [] },
      ];
      return names.flatMap((name, at) =>
        baselines.map(({ id, side, runs }) =>
          ratioMetric(
            { id: `B4.${name}.${id}`, about: `execution layer, null command: ${modes[name].about}, against ${side.name}` },
            runs.map((round, n) => ({ ...round, product: found[at - 1]?.[n]?.baseline ?? round.product })),
            side,
          ),
        ),
      );
    } finally {
      await docker("rm", "--force", warm);
    }
  } finally {
    await stop();
  }
};

function sideOf(label: string, { about, measure }: Mode, scans: number): Side {
  return { name: about, label, unit: UNIT, measure: () => measure(scans) };
}

/** Docker's own client, as a program would call it that has nothing else. */
function bare(name: string, times: number, call: () => Promise<unknown>): Side {
  return {
    name,
    label: name,
    unit: UNIT,
    async measure() {
      const begun = performance.now();
      for (let n = 0; n < times; n++) await call();
      return (performance.now() - begun) / times;
    },
  };
}
