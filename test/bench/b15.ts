/** B15: an agent is killed at work; how long until another one has answered, beyond the time after which NATS delivers again. */

import { setTimeout as pause } from "node:timers/promises";
import { formOf } from "./api.js";
import type { Benchmark } from "./bench.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { metric } from "./metric.js";
import { figureOf } from "./statistics.js";
import type { Part } from "../../standalone/part.js";

const ACK_WAIT_S = 5;
const SLEEP_S = 1;
const LOOK_MS = 20;
const PATIENCE_MS = 30_000;
const RUNNING = "query Running($id: SafeInt!) { scan(id: $id) { results { state agent } } }";
const ENGINE = { own: "sleep", setting: 1_000 * SLEEP_S } as const;

export const b15: Benchmark = async ({ rounds, corpus, progress }) => {
  const mesh = await startMesh(ENGINE, Buffer.from("first"), { settings: { SCANMESH_ACK_WAIT: `${ACK_WAIT_S}s` } });
  const subscriber = mesh.openSubscriber();
  try {
    const agents = new Map<string, Part>([["bench", mesh.firstAgent]]);
    const late: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const id = `bench-${round}`;
      agents.set(id, await mesh.startAgent(id, ENGINE));
      const [file = Buffer.alloc(0)] = corpus.files("T", 1);
      const value = await progress.measure(
        `B15  round ${round} of ${rounds}`,
        async () => {
          const scan = await mesh.api.submit(formOf(file, "sample"));
          const running = await agentOf(mesh, scan);
          process.kill(agents.get(running)?.pid ?? 0, "SIGKILL");
          agents.delete(running);
          const begun = performance.now();
          await subscriber.final(scan, "INCONCLUSIVE");
          return (performance.now() - begun) / 1_000 - ACK_WAIT_S - SLEEP_S;
        },
        (seconds) => `${seconds.toFixed(2)} s`,
      );
      late.push(value);
    }
    return [
      metric({
        id: "B15",
        about: `from the kill of an agent at work until another's result, less ${ACK_WAIT_S} s of SCANMESH_ACK_WAIT and ${SLEEP_S} s of the engine`,
        unit: "s",
        figure: figureOf(late),
      }),
    ];
  } finally {
    await subscriber.close();
    await mesh.stop();
  }
};

/** The agent that has said that it scans. */
async function agentOf({ api }: BenchMesh, scan: number): Promise<string> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await pause(LOOK_MS)) {
    const found = await api.query<{ scan: { results: { state: string; agent: string | null }[] } }>(RUNNING, { id: scan });
    const running = found.scan.results.find(({ state }) => state === "SCANNING");
    if (running?.agent) return running.agent;
  }
  throw new Error("no agent has announced that it scans");
}
