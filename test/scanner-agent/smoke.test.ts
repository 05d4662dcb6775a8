import { test } from "vitest";
import { fork } from "node:child_process";
import { once } from "node:events";
import { startBusStage, until } from "./bus-stage.js";
test("perf", async () => {
  const stage = await startBusStage();
  const m = { name: "Null", speed: "FAST", internet: false } as const;
  const samples = []; for (let i = 0; i < 2000; i++) samples.push(await stage.store(Buffer.alloc(4096, `s${i}`)));
  await stage.makeDurable(m);
  for (let i = 0; i < 2000; i++) await stage.request(m, { v: 1, scan: i + 1, sample: samples[i]!, engines: ["Null"], timeoutMs: 60000 });
  const t0 = Date.now();
  const child = fork("/tmp/agx/agent-null.mjs", [stage.url], { execArgv: ["--cpu-prof", "--cpu-prof-dir=/tmp/agx/prof"] });
  await once(child, "message");
  const t1 = Date.now(), n0 = stage.results.length;
  await until("all", async () => stage.results.length >= 2000, 40000);
  console.log("start", t1 - t0, "rate", (2000 - n0) / (Date.now() - t1) * 1000, "done before", n0);
  child.send("stop"); await once(child, "exit"); await stage.stop();
});
