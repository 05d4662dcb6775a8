import { expect, it } from "vitest";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../../schema/streams.js";
import { ALL_CHUNKS, SAMPLES } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "./gateway-user.js";

const SAMPLE_BYTES = 2 * CHUNK_BYTES;
const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const bus = prepared(
  () => connectAsGateway(stage),
  (nc) => nc.close(),
);

/** Sends a sample, and returns in how many chunks it is stored. */
async function chunksOf(fill: number): Promise<number> {
  const { streams } = await bus.jetstreamManager();
  const count = async () => (await streams.info(SAMPLES, { subjects_filter: ALL_CHUNKS })).state.messages;
  const before = await count();
  const body = new FormData();
  body.set("file_upload", new File([Buffer.alloc(SAMPLE_BYTES, fill)], "sample"));
  expect((await fetch(`${gateway.url}/api/v1/sample`, { method: "POST", body })).status).toBe(200);
  return (await count()) - before;
}

it("samples are stored in chunks that every agent which is there can read", async () => {
  const heard = (bytes: number | undefined) =>
    until("it is heard", () => gateway.context.fleet.agents().every(({ largestChunk }) => largestChunk === bytes));
  await agent.announce([], { largestChunk: CHUNK_BYTES });
  await heard(CHUNK_BYTES);
  expect(await chunksOf(1)).toBe(Math.ceil(SAMPLE_BYTES / CHUNK_BYTES));
  await agent.announce([], { largestChunk: undefined });
  await heard(undefined);
  expect(await chunksOf(2)).toBe(Math.ceil(SAMPLE_BYTES / OLD_CHUNK_BYTES));
  // Agents read chunks of these two sizes only.
  const odd = [OLD_CHUNK_BYTES - 1, CHUNK_BYTES - 1];
  for (const [i, bytes] of odd.entries()) {
    await agent.announce([], { largestChunk: bytes });
    await heard(bytes);
    expect(await chunksOf(3 + i)).toBe(Math.ceil(SAMPLE_BYTES / OLD_CHUNK_BYTES));
  }
});
