import { pino } from "pino";
import { expect, it } from "vitest";
import { createGateway } from "../../../gateway/gateway.js";
import { startScriptedServer } from "../../schema/nats/scripted-server.js";
import { until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";

const stage = useStage();
it("a gateway says what to change when NATS takes no messages as large as a chunk of a sample", async () => {
  const nats = await startScriptedServer({ max_payload: 500_000, nonce: "nonce" });
  const gateway = await createGateway(stage.config({ NATS_URL: nats.url }), pino({ level: "silent" }));
  const url = await gateway.start();
  const ready = async () => (await ask(`${url}/readyz`)).json<{ status: string; reason?: string }>();
  const answer = await until("it has been refused", async () => {
    const body = await ready();
    return body.reason?.startsWith("NATS takes") && body;
  });
  expect(answer).toEqual({
    status: "degraded",
    nats: "away",
    reason:
      "NATS takes messages of 500000 bytes at most, and chunks of samples have 984064 with their headers. " +
      "Raise its max_payload to 1MB, which is its default, or more, and reload or restart it.",
  });
  await gateway.stop();
  await nats.stop();
});
