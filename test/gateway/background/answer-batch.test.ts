import { connect, credsAuthenticator, type NatsConnection } from "nats";
import { readFileSync } from "node:fs";
import { sql } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import { lockScans } from "../../../gateway/db/results.js";
import { readScan } from "../../../gateway/db/scans.js";
import { MAX_ANSWERS } from "../../../schema/answer-batch.js";
import { MAX_RESULT_BYTES } from "../../../schema/messages.js";
import { RESULTS, resultSubject } from "../../../schema/subjects.js";
import { base64, submit } from "../scan/submitting.js";
import { whileImpatient } from "./impatient.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Av")]);

const done = {
  v: 1,
  agent: "puppet",
  state: "DONE",
  verdict: "CLEAN",
  signature: null,
  error: null,
  versions: { engine: "1.0", signatures: "42", signatureDate: null },
  image: null,
  startedAt: null,
  durationMs: 1,
  details: null,
  truncated: false,
  inspector: "puppet",
};

/** The scans of so many new samples. */
async function scans(name: string, count: number): Promise<number[]> {
  const submitted = Array.from({ length: count }, (_, i) => submit(gateway.url, { base64: base64(`${name} ${i}`) }));
  return (await Promise.all(submitted)).map(({ scan }) => scan.scanId);
}

async function publish(message: unknown): Promise<void> {
  await agent.request(resultSubject("Av"), JSON.stringify(message));
}

async function resultOf(scan: number) {
  return (await readScan(stage.db, scan))?.results[0];
}

async function ignored(): Promise<number> {
  const { values } = await gateway.context.metrics.resultsIgnored.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

const recorded = (scan: number) =>
  until("it is recorded", async () => ((await resultOf(scan))?.state === "DONE" ? true : undefined));

async function untilSettled(): Promise<void> {
  const nc: NatsConnection = await connect({
    servers: stage.nats().url,
    authenticator: credsAuthenticator(readFileSync(stage.keys.creds.gateway.isolated)),
  });
  onTestFinished(() => nc.close());
  const jsm = await nc.jetstreamManager();
  await until("nothing is left on the bus", async () => (await jsm.streams.info(RESULTS)).state.messages === 0 || undefined);
}

it("each answer of a batch is recorded, cleaned, judged or refused alone, and the message is settled", async () => {
  const [clean = 0, old = 0, strange = 0, refused = 0] = await scans("mixed", 4);
  const { inspector: _, ...uninspected } = done;
  await publish({
    v: 2,
    answers: [
      { ...done, scan: refused, verdict: "SPOTLESS" },
      { ...done, scan: clean },
      "no answer at all",
      { ...uninspected, scan: old },
      { v: 2, answers: [{ ...done, scan: refused }] },
      { ...done, scan: strange, details: { nul: "a\0b" }, verdict: "INFECTED", signature: "Bad" },
      { ...done, scan: 999_999 },
    ],
  });
  await Promise.all([clean, strange].map(recorded));
  await untilSettled();
  expect(await resultOf(clean)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  expect(await resultOf(old)).toMatchObject({ state: "UNSCANNED", cause: "AGENT_TOO_OLD" });
  expect(await resultOf(strange)).toMatchObject({
    verdict: "INFECTED",
    details: { nul: expect.not.stringContaining("\0") as string },
  });
  expect(await resultOf(refused)).toMatchObject({ state: "QUEUED" });
  await publish({ ...done, scan: refused });
  await recorded(refused);
});

it("a returned request among answers is published again", async () => {
  const [answered = 0, returned = 0] = await scans("returned", 2);
  const { message } = await agent.take("Av", { scan: returned });
  const sequence = Number(message.reply?.split(".").at(-4));
  const handedBack = { v: 1, scan: returned, agent: "puppet", state: "RETURNED", sequence, crashes: 0, cause: "STOPPING" };
  await publish({ v: 2, answers: [{ ...done, scan: answered }, handedBack] });
  await recorded(answered);
  await untilSettled();
  const again = await agent.take("Av", { scan: returned });
  expect(again.request.answers).toBe(2);
  await publish({ ...done, scan: returned });
  await recorded(returned);
});

it("of a batch with a locked scan the others are recorded at once, and it follows when it is free", async () => {
  const [locked = 0, free = 0] = await scans("locked", 2);
  await whileImpatient(gateway.context, async () => {
    await stage.db.transaction().execute(async (tx) => {
      await lockScans(tx, [locked]);
      await publish({ v: 2, answers: [locked, free].map((scan) => ({ ...done, scan })) });
      await recorded(free);
      expect(await resultOf(locked)).toMatchObject({ state: "QUEUED" });
    });
    await recorded(locked);
    await untilSettled();
  });
});

it.each([
  ["no answers", { v: 2, answers: [] }],
  ["answers that are no list", { v: 2, answers: {} }],
  ["too many answers", { v: 2, answers: Array.from({ length: MAX_ANSWERS + 1 }, () => null) }],
  ["a version to come", { v: 3, answers: [null] }],
  ["too many bytes", { v: 2, answers: [{ ...done, scan: 1, details: { text: "x".repeat(MAX_RESULT_BYTES) } }] }],
  ["nothing that can be recorded", { v: 2, answers: [null, { ...done, scan: "1" }] }],
])("a message with %s is rejected for good", async (_, message) => {
  const before = await ignored();
  await publish(message);
  await untilSettled();
  expect(await ignored()).toBeGreaterThan(before);
});

it("answers that Postgres fails to record, for a reason that is not their data, keep back no other and are recorded later", async () => {
  const codes = ["40001", "53200", "XX000"].map((code) => `raise exception using errcode = '${code}'`);
  const faults = [...codes, "perform pg_terminate_backend(pg_backend_pid())"];
  const failing = await scans("failing", faults.length);
  const good = await scans("good", faults.length);
  const before = await ignored();
  const cases = failing.map((scan, i) => `when ${scan} then ${faults[i]};`).join(" ");
  const body = sql.lit(`begin case new.scan_id ${cases} else null; end case; return new; end`);
  await sql`create function fail() returns trigger language plpgsql as ${body}`.execute(stage.db);
  await sql`create trigger fail before update on results for each row execute function fail()`.execute(stage.db);
  const pairs = failing.map((scan, i) => ({ v: 2, answers: [scan, good[i]].map((one) => ({ ...done, scan: one })) }));
  await Promise.all(pairs.map(publish));
  await Promise.all(good.map(recorded));
  const states = async () => (await Promise.all(failing.map(resultOf))).map((result) => result?.state);
  expect(await states()).toEqual(faults.map(() => "QUEUED"));
  await sql`drop function fail() cascade`.execute(stage.db);
  await Promise.all(failing.map(recorded));
  expect(await ignored()).toBe(before);
});
