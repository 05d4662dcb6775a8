import { expect, it } from "vitest";
import { connectBus } from "../../../scanner-agent/bus/bus.js";
import { startScriptedServer } from "../../schema/nats/scripted-server.js";
import { testLog } from "../../stage/log.js";

it("an agent that stops while NATS is away does not wait for it, and stops cleanly", async () => {
  const server = await startScriptedServer();
  const bus = await connectBus({
    servers: () => [server.url],
    credsFile: undefined,
    internet: "isolated",
    agent: "test",
    purpose: "work",
    log: testLog("agent"),
    signal: new AbortController().signal,
  });
  await server.stop();
  await expect(bus.flush(10_000)).resolves.toBeUndefined();
  await bus.close();
});
