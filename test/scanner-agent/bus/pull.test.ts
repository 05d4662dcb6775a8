import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connectBus } from "../../../scanner-agent/bus/bus.js";
import { openPull } from "../../../scanner-agent/bus/pull.js";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import type { ResultMessage } from "../../../schema/messages.js";
import { SCANS } from "../../../schema/subjects.js";
import { testLog } from "../../stage/log.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

async function scanned(engine: EngineParts): Promise<ResultMessage> {
  const request = requestOf(await stage.store(Buffer.from("x")), [engine.manifest.name]);
  await stage.request(engine.manifest, request);
  return await stage.answer(engine.manifest.name, request.scan);
}

const clean = (name: string) => puppet(name, () => Promise.resolve(done("CLEAN", null, null)));

test("work comes although the durable is made after the agent asked for it, and made anew", async () => {
  const engine = clean("Late");
  await agentWith(engine);
  await stage.jsm.consumers.delete(SCANS, "late");
  const asked = await stage.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${SCANS}.late`, { max: 1 });
  for await (const _ of asked) break;
  await stage.makeDurable(engine.manifest);
  expect(await scanned(engine)).toMatchObject({ state: "DONE" });
  for (let n = 0; n < 2; n++) {
    await stage.jsm.consumers.delete(SCANS, "late");
    await stage.makeDurable(engine.manifest);
    expect(await scanned(engine)).toMatchObject({ state: "DONE" });
  }
});

test("an agent asks for as much as it has slots, however often it asks", async () => {
  const engine = clean("Modest");
  let asked = 0;
  await agentWith(engine);
  const watch = stage.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${SCANS}.modest`, {
    callback: (_, message) => void (asked += message.json<{ batch: number }>().batch),
  });
  for (let n = 0; n < 20; n++) await scanned(engine);
  watch.unsubscribe();
  // One for each scan, and at most a few for pulls that ended unfilled meanwhile.
  expect(asked).toBeGreaterThanOrEqual(18);
  expect(asked).toBeLessThanOrEqual(30);
  // NATS counts an acknowledgement a moment after it has the answer.
  await until("nothing is open", async () => (await stage.pending("Modest")).acks === 0);
  expect(await stage.jsm.consumers.info(SCANS, "modest")).toMatchObject({ num_redelivered: 0 });
});

test("work goes on after the bus was away, and what was being scanned meanwhile is answered", async () => {
  let finish: (() => void) | undefined;
  let hold = true;
  const engine = puppet("Steadfast", async () => {
    if (hold) await new Promise<void>((resolve) => (finish = resolve));
    return done("CLEAN", null, null);
  });
  await agentWith(engine);
  const request = requestOf(await stage.store(Buffer.from("x")), ["Steadfast"]);
  await stage.request(engine.manifest, request);
  await until("it is running", async () => finish !== undefined);
  const start = await stage.killServer();
  hold = false;
  finish?.();
  start();
  expect(await stage.answer("Steadfast", request.scan)).toMatchObject({ state: "DONE" });
  await scanned(engine);
  await until("nothing is open", async () => (await stage.pending("Steadfast")).acks === 0);
});

test("what NATS has sent to a connection that is left for another address is taken, and counts as delivered once", async () => {
  const engine = clean("Moving");
  await stage.makeDurable(engine.manifest);
  const proxy = await holdingProxy(Number(new URL(stage.url).port));
  let address = `nats://127.0.0.1:${proxy.port}`;
  const bus = await connectBus({
    servers: () => [address],
    credsFile: undefined,
    internet: "isolated",
    agent: "moving",
    purpose: "work",
    log: testLog("agent"),
    signal: new AbortController().signal,
  });
  const requests: number[] = [];
  const pull = openPull(bus, "Moving", {
    onRequest(request) {
      requests.push(request.deliveries);
      request.ack();
    },
    onExpired: () => pull.topUp(2),
    onRefused: () => undefined,
  });
  try {
    pull.topUp(2);
    await until("it pulls", async () => (await stage.jsm.consumers.info(SCANS, "moving")).num_waiting > 0);
    proxy.hold();
    const pulledAnew = stage.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${SCANS}.moving`);
    await stage.request(engine.manifest, requestOf(await stage.store(Buffer.from("x")), ["Moving"]));
    await until("it is sent", async () => (await stage.pending("Moving")).acks === 1);
    address = stage.url;
    for await (const _ of pulledAnew) break;
    proxy.release();
    await until("it is acknowledged", async () => (await stage.pending("Moving")).acks === 0);
    expect(requests).toEqual([1]);
  } finally {
    await pull.close();
    await bus.close();
  }
});

/** Keeps what a server sends from its clients as long as it is held. */
async function holdingProxy(port: number) {
  const connections: { client: Socket; upstream: Socket }[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    connections.push({ client, upstream });
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => connections.forEach(({ client, upstream }) => upstream.unpipe(client)),
    release: () => connections.forEach(({ client, upstream }) => upstream.pipe(client)),
  };
}
