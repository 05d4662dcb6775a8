/** How samples are stored while agents and gateways are there that read only older ways. */

import { randomBytes, randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { submitScan } from "../../../gateway/scan/submit.js";
import { Control } from "../../../schema/control.js";
import { parseMessage, type ScanRequest } from "../../../schema/messages.js";
import { MESSAGE_VERSION } from "../../../schema/message-version.js";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../../schema/streams.js";
import { ALL_CHUNKS, controlSubject, SAMPLES } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "./gateway-user.js";

/** Of a gateway that stays until it is deleted. */
const STAYS = { started_at: new Date(), seen_at: new Date(Date.now() + 3_600_000) };
const SAMPLE_BYTES = 2 * CHUNK_BYTES;
const stage = useStage();
const gateway = prepared(async () => {
  // As they are just before the last of them are updated.
  await sql`insert into gateways (id, host, version, node_version, started_at, nats_connected, memory_bytes, seen_at)
    values (gen_random_uuid(), 'older', '0', '20', now(), true, 1, now() + interval '1 hour')`.execute(stage.db);
  await sql`insert into agents (internet, agent, host, version, engines, started_at, heard_at)
    values (true, 'older', 'older', '0', '{}', now(), now() - interval '9 minutes')`.execute(stage.db);
  return stage.gateway();
});
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

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Sends a sample, and returns how an agent is asked to scan it. */
async function asked(bytes: Uint8Array): Promise<ScanRequest["sample"]> {
  return (await requested(bytes)).sample;
}

async function requested(bytes: Uint8Array): Promise<ScanRequest> {
  const input = { name: "a", speed: "ALL", internet: false, engines: ["Alpha"] } as const;
  const { scanId } = await submitScan(gateway.context, TESTER, { kind: "stream", bytes: bytesOf(bytes) }, input);
  const { request, ack } = await agent.take("Alpha", { scan: scanId });
  ack();
  return request;
}

/** Waits until requests ask for answers in messages of this version. */
const answeredIn = (version: number) =>
  until(`answers are asked for in version ${version}`, async () => (await requested(randomBytes(100))).answers === version);

it("messages are written in the lowest version that an agent or gateway which is there reads", async () => {
  const { id } = await stage.db
    .insertInto("gateways")
    .values({
      id: randomUUID(),
      host: "newer",
      version: "9",
      node_version: "20",
      nats_connected: true,
      memory_bytes: 1,
      messages: 3,
      ...STAYS,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  expect((await requested(randomBytes(100))).answers).toBe(1);
  await stage.db.updateTable("gateways").set({ messages: MESSAGE_VERSION }).where("host", "=", "older").execute();
  await answeredIn(2);
  await agent.announce([], { messages: undefined });
  await answeredIn(1);
  await agent.announce([], { messages: 3 });
  await answeredIn(2);
  await stage.db.updateTable("gateways").set({ messages: 1 }).where("id", "=", id).execute();
  await answeredIn(1);
  await stage.db.deleteFrom("gateways").where("id", "=", id).execute();
  await answeredIn(2);
  await agent.announce();
});

it("samples are sealed as soon as no older gateway or agent is left, and for ever; those of before stay readable", async () => {
  const begun = () => stage.db.selectFrom("sealing").selectAll().execute();
  const first = randomBytes(100);
  const plain = await asked(first);
  expect(plain.key).toBeUndefined();
  await sql`delete from gateways where host = 'older'`.execute(stage.db);
  await until("the gateway says that it is there", () => stage.db.selectFrom("gateways").select("id").executeTakeFirst());
  expect((await asked(randomBytes(101))).key).toBeUndefined();
  expect(await begun()).toEqual([]);
  await sql`update agents set heard_at = now() - interval '11 minutes' where agent = 'older'`.execute(stage.db);
  // While all gateways were away, nobody could hear it. A gateway in this process says that it runs as long as the process does.
  await sql`update gateways set started_at = now()`.execute(stage.db);
  expect((await asked(randomBytes(104))).key).toBeUndefined();
  expect(await begun()).toEqual([]);
  await sql`update gateways set started_at = now() - interval '11 minutes'`.execute(stage.db);
  const second = randomBytes(102);
  const sealed = await asked(second);
  expect(sealed.key).toBeDefined();
  expect(await begun()).toMatchObject([{ version: 1 }]);
  for (const [sample, bytes] of [
    [plain, first],
    [await asked(first), first],
    [sealed, second],
  ] as const)
    expect(bytes.equals((await agent.readChunk(sample, 0)) ?? Buffer.from("none"))).toBe(true);
  for (const [{ sha256 }, bytes] of [
    [plain, first],
    [sealed, second],
  ] as const)
    expect(bytes.equals(Buffer.from(await (await fetch(`${gateway.url}/samples/${sha256}`)).arrayBuffer()))).toBe(true);
});

it("an agent that cannot read what is sealed has no engines that are well, is told so, and changes nothing for others", async () => {
  const told: Control[] = [];
  const inbox = agent.nc.subscribe(controlSubject("puppet"), {
    callback: (_, { data }) => void told.push(parseMessage(Control, data)),
  });
  const alpha = () => gateway.context.fleet.agents().find((one) => one.agent === "puppet")?.engines[0];
  await agent.announce([], { sealing: undefined });
  const reason = "the agent puppet cannot read the sealed samples of this mesh: it is of an older version. Update it";
  await until("it is refused", () => alpha()?.cause === "REFUSED");
  expect(alpha()).toMatchObject({ healthy: false, reason });
  await until("it is told", () => told.some((one) => one.kind === "refuse" && one.reason === reason));
  const stored = await gateway.context.samples.put(bytesOf(randomBytes(103)), { limit: 200, isStored: async () => false });
  expect(stored.copy?.key).toMatch(/^.{44}$/);
  await agent.announce();
  await until("it is well again", () => alpha()?.healthy);
  inbox.unsubscribe();
});

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
