/** What is stored when NATS stops to answer, or when somebody else hears it too. */

import { expect, it } from "vitest";
import { openNatsSampleStore } from "../../../gateway/bus/nats-sample-store.js";
import { CHUNK_BYTES } from "../../../schema/streams.js";
import { ALL_CHUNKS, PROBE, SAMPLES } from "../../../schema/subjects.js";
import { testLog } from "../../stage/log.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "./gateway-user.js";

const stage = useStage();
const bus = prepared(
  () => connectAsGateway(stage),
  (nc) => nc.close(),
);
const store = prepared(
  async () =>
    openNatsSampleStore(
      stage.config(),
      testLog("samples"),
      { problem: () => undefined, largestChunk: () => CHUNK_BYTES, seals: async () => true },
      200,
    ),
  (opened) => opened.close(),
);

it("a sample that is being stored when NATS stops to answer is refused with 503, and its source is read no further", async () => {
  await until("the store is connected", () => store.connected());
  const jsm = await bus.jetstreamManager();
  expect(await jsm.streams.names().next()).not.toContain(SAMPLES);
  // Somebody has each chunk, and nobody answers.
  const silent = bus.subscribe(ALL_CHUNKS);
  let isOpen = true;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(512 * 1024);
    } finally {
      isOpen = false;
    }
  }
  const put = store.put(endless(), { limit: Infinity, isStored: async () => false });
  await expect(put).rejects.toMatchObject({ code: "UNAVAILABLE", status: 503, retryAfter: 2 });
  expect(isOpen).toBe(false);
  silent.unsubscribe();
});

it("a gateway that starts while somebody listens to everything makes its stream of probes", async () => {
  const listener = bus.subscribe(">");
  const gateway = await stage.gateway();
  const jsm = await bus.jetstreamManager();
  expect(await until("it is there", () => jsm.streams.info(PROBE).catch(() => undefined))).toBeTruthy();
  await until("the gateway can store", () => gateway.context.bus.connected());
  listener.unsubscribe();
  await gateway.stop();
});
