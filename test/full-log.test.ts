import { closeSync, openSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { base64, shown, submit } from "./gateway/scan/submitting.js";
import { until } from "./stage/stage.js";
import { useStage } from "./stage/use-stage.js";

const stage = useStage();
/** Takes no byte, as a log file on a full disk. */
const full = openSync("/dev/full", "w");
afterAll(() => closeSync(full));

it("a gateway and an agent whose log cannot be written go on", async () => {
  const env = { LOG_LEVEL: "trace" };
  const gateway = await stage.gatewayProcess(env, { stdout: full });
  const agent = await stage.agentProcess({ env: { ...env, SCANMESH_ENGINES: "FileInfo" }, stdout: full });
  const scan = await until("a scan is accepted", async () => (await submit(gateway.url, { base64: base64("unlogged") })).scan);
  await until("it is final", async () => (await shown(gateway.url, scan.scanId)).endDate !== null);
  expect([gateway, agent].map(({ process: { exitCode, signalCode } }) => [exitCode, signalCode])).toEqual([
    [null, null],
    [null, null],
  ]);
});
