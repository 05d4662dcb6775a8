import { expect, it } from "vitest";
import { findSample } from "../../../gateway/db/samples.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan, type ScanInput } from "../../../gateway/scan/submit.js";
import { engine } from "../../stage/puppet-agent.js";
import type { WalkPosition } from "../../../gateway/bus/sample-store.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

const INPUT: ScanInput = { name: "a.bin", speed: "ALL", internet: false };

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const submit = (text: string, input: Partial<ScanInput> = {}) =>
  submitScan(gateway.context, TESTER, { kind: "stream", bytes: bytes(text) }, { ...INPUT, ...input });

async function walk(after?: WalkPosition): Promise<WalkPosition[]> {
  const positions: WalkPosition[] = [];
  const until = new Date(Date.now() + 60_000);
  for await (const { position } of gateway.context.samples.walk("isolated", after, until)) positions.push(position);
  return positions;
}

it("keeps the same bytes once, under every name they were sent", async () => {
  const text = "the same bytes ".repeat(80_000);
  const first = await submit(text, { name: "one", engines: [] });
  const rest = await Promise.all([submit(text, { name: "two", engines: [] }), submit(text, { name: "three", engines: [] })]);
  expect(new Set([first, ...rest].map(({ sample }) => sample.sampleId)).size).toBe(1);
  const rows = await stage.db
    .selectFrom("samples")
    .select(["isolated_chunks"])
    .where("sha256", "=", first.sample.sha256)
    .execute();
  expect(rows).toHaveLength(1);
  expect(rows[0]?.isolated_chunks).toHaveLength(2);
  expect((await readScan(stage.db, rest[0]?.scanId ?? 0))?.name).toBe("two");
});

it("keeps an empty sample as one empty chunk", async () => {
  const { scanId, sample } = await submit("", { engines: ["Alpha"] });
  expect(sample).toMatchObject({ size: 0, mime: "application/x-empty" });
  const { request, ack } = await agent.take("Alpha", { scan: scanId });
  expect(await agent.readChunk(request.sample, 0)).toHaveLength(0);
  ack();
  await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
});

it("notes the type in lower case, as it is looked for", async () => {
  async function* video(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("000001ba44", "hex");
  }
  const { sample } = await submitScan(gateway.context, TESTER, { kind: "stream", bytes: video() }, { ...INPUT, engines: [] });
  expect(sample.mime).toBe("video/mp2p");
});

it("leaves nothing behind of an upload that is cut or too large", async () => {
  const before = await stage.db.selectFrom("scans").select("id").orderBy("id").execute();
  async function* cut(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 5; i += 1) yield Buffer.alloc(300_000, i);
    throw new Error("the client is gone");
  }
  await expect(submitScan(gateway.context, TESTER, { kind: "stream", bytes: cut() }, INPUT)).rejects.toThrow(
    "the client is gone",
  );
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let i = 0; ; i += 1) yield Buffer.alloc(300_000, i);
  }
  const large = submitScan(gateway.context, TESTER, { kind: "stream", bytes: endless(), limit: 2_000_000 }, INPUT);
  await expect(large).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(await stage.db.selectFrom("scans").select("id").orderBy("id").execute()).toEqual(before);
  const named = await stage.db.selectFrom("samples").select("isolated_chunks").execute();
  const chunks = (await walk()).map(({ seq }) => seq);
  expect(chunks).toEqual(named.flatMap(({ isolated_chunks }) => isolated_chunks ?? []).toSorted((a, b) => a - b));
});

it("scans a stored sample by any of its hashes, and says so when its bytes are gone", async () => {
  const { sample } = await submit("by hash", { engines: [] });
  for (const hash of [sample.md5, sample.sha1.toUpperCase(), sample.sha256]) {
    const again = await submitScan(gateway.context, TESTER, { kind: "hash", hash }, { ...INPUT, engines: [] });
    expect(again.sample.sampleId).toBe(sample.sampleId);
  }
  await expect(submitScan(gateway.context, TESTER, { kind: "hash", hash: "0".repeat(64) }, INPUT)).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  const { isolated } = (await findSample(stage.db, sample.sha256)) ?? {};
  if (!isolated) throw new Error("the sample is not stored");
  await gateway.context.samples.remove("isolated", [isolated.location]);
  const gone = submitScan(gateway.context, TESTER, { kind: "hash", hash: sample.sha256 }, INPUT);
  await expect(gone).rejects.toMatchObject({ code: "SAMPLE_NOT_STORED" });
  const healed = await submit("by hash", { engines: [] });
  expect(healed.sample.sampleId).toBe(sample.sampleId);
  await submitScan(gateway.context, TESTER, { kind: "hash", hash: sample.sha256 }, { ...INPUT, engines: [] });
});

it("is looked through from the beginning after NATS was started anew: what was removed before may be there again", async () => {
  const before = await walk();
  expect(before).not.toEqual([]);
  expect(await walk(before.at(-1))).toEqual([]);
  await stage.restartNats("SIGKILL");
  await until("the store is there again", () => gateway.context.samples.connected());
  const again = (await walk(before.at(-1))).map(({ seq }) => seq);
  expect(again).toEqual(expect.arrayContaining(before.map(({ seq }) => seq)));
});
