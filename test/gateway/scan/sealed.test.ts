/** Sealed samples: who is asked to scan one can read it, and nobody else. */

import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import type { NatsConnection } from "nats";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { SampleLocation } from "../../../gateway/bus/sample-store.js";
import { findSample } from "../../../gateway/db/samples.js";
import { createGateway } from "../../../gateway/gateway.js";
import { rescan, retryResult } from "../../../gateway/scan/rescan.js";
import { submitScan, type ScanInput } from "../../../gateway/scan/submit.js";
import { encodeMessage, type ScanRequest } from "../../../schema/messages.js";
import { CHUNK_BYTES } from "../../../schema/streams.js";
import { chunkSubject, resultSubject } from "../../../schema/subjects.js";
import { whenMissing } from "../../../standalone/when-missing.js";
import { engine, type PuppetAgent } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "../bus/gateway-user.js";
import { ask } from "../http/http-client.js";
import { operation } from "../keys/keyed-client.js";

const INPUT: ScanInput = { name: "a.bin", speed: "ALL", internet: false, engines: ["Alpha"] };
const MARK = "whoever reads this can read the sample ";

const stage = useStage();
let logged = "";
const gateway = prepared(
  async () => {
    const log = pino({ level: "trace" }, { write: (line) => void (logged += line) });
    const made = await createGateway(stage.config(), log);
    const url = await made.start();
    await until("it has its bus", () => made.context.bus.connected() && made.context.samples.connected());
    return { ...made, url };
  },
  (made) => made.stop(),
);
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const outside = usePuppet(
  stage,
  "outside",
  [engine("Net", { internet: true }), engine("Lookup", { internet: true, input: "hash", type: "INTEL", speed: "FAST" })],
  "internet",
);

async function* bytesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const submit = (bytes: Uint8Array, input: Partial<ScanInput> = {}) =>
  submitScan(gateway.context, TESTER, { kind: "stream", bytes: bytesOf(bytes) }, { ...INPUT, ...input });

async function take(who: PuppetAgent, name: string, scan: number): Promise<ScanRequest["sample"]> {
  const { request, ack } = await who.take(name, { scan });
  ack();
  return request.sample;
}

/** All bytes of a sample, as an agent reads them that is asked to scan it. */
async function read(who: PuppetAgent, sample: ScanRequest["sample"]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let n = 0; n < Math.max(1, Math.ceil(sample.size / CHUNK_BYTES)); n++)
    chunks.push((await who.readChunk(sample, n)) ?? Buffer.from("missing"));
  return Buffer.concat(chunks);
}

/** What the key of a sample may be written as. */
function spellings({ key = "" }: ScanRequest["sample"]): string[] {
  const bytes = Buffer.from(key, "base64");
  return [key, bytes.toString("base64url"), bytes.toString("hex"), JSON.stringify(key)];
}

describe("a sealed sample", () => {
  it("is open to those who are asked to scan it; nothing else on the bus, in its files or in Postgres shows its bytes or its key", async () => {
    const wires: [subject: string, data: Buffer][] = [];
    const taps: NatsConnection[] = [await connectAsGateway(stage), await connectAsGateway(stage, "internet")];
    for (const tap of taps) {
      tap.subscribe(">", { callback: (_, { subject, data }) => void wires.push([subject, Buffer.from(data)]) });
      await tap.flush();
    }
    const bytes = Buffer.concat([Buffer.from(MARK.repeat(40_000)), randomBytes(100)]);
    const { scanId, sample } = await submit(bytes, { internet: true, engines: ["Alpha", "Net", "Lookup"] });
    const isolated = await take(agent, "Alpha", scanId);
    const internet = await take(outside, "Net", scanId);
    for (const [who, asked] of [
      [agent, isolated],
      [outside, internet],
    ] as const)
      expect((await read(who, asked)).equals(bytes)).toBe(true);
    // A request to engines that take only hashes has no key.
    expect(await take(outside, "Lookup", scanId)).toEqual({ ...isolated, blob: null, key: undefined });
    await agent.answer("Alpha", { scan: scanId, verdict: "INFECTED", signature: "Eicar" });
    for (const name of ["Net", "Lookup"]) await outside.answer(name, { scan: scanId });
    await until("the scan is final", async () => {
      const row = await stage.db.selectFrom("scans").select("end_date").where("id", "=", scanId).executeTakeFirst();
      return row?.end_date;
    });

    const keys = spellings(isolated);
    expect(wires.some(([subject]) => subject === chunkSubject(isolated.blob ?? "", 1))).toBe(true);
    expect(wires.filter(([, data]) => data.includes(MARK))).toEqual([]);
    expect(wires.filter(([subject]) => keys.some((key) => subject.includes(key)))).toEqual([]);
    const withKey = wires.filter(([, data]) => keys.some((key) => data.includes(key)));
    expect(new Set(withKey.map(([, data]) => (JSON.parse(data.toString()) as ScanRequest).sample.sha256))).toEqual(
      new Set([sample.sha256]),
    );
    for (const tap of taps) await tap.close();
    const files = readdirSync(join(stage.folder, "nats"), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(3);
    const shown: string[] = [];
    for (const { parentPath, name } of files) {
      // NATS may have removed it since.
      const content = await readFile(join(parentPath, name)).catch(whenMissing(""));
      if (content.includes(MARK)) shown.push(name);
    }
    expect(shown).toEqual([]);
  });

  it("comes back whole to those who may download it; its key is in no answer, log, error or row", async () => {
    const bytes = Buffer.concat([Buffer.from(MARK.repeat(30_000)), randomBytes(7)]);
    const { scanId, sample } = await submit(bytes);
    const asked = await take(agent, "Alpha", scanId);
    await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    const { url } = gateway;
    const path = `${url}/samples/${sample.sha256}`;
    expect(Buffer.from(await (await fetch(path)).arrayBuffer()).equals(bytes)).toBe(true);
    const texts: string[] = [];
    const selection =
      "sha256 md5 sha1 size mime firstSeen stored downloadUrl scans { nodes { id name verdict results { state } } }";
    texts.push((await operation({ url }, undefined, `{ sample(hash: "${sample.sha256}") { ${selection} } }`)).text);
    texts.push((await operation({ url }, undefined, "{ auditEvents { nodes { action subject details } } }")).text);
    for (const shown of [`api/v1/report/?id=${scanId}`, `api/report?id=${scanId}`, "export/csv", "metrics", "readyz"])
      texts.push((await ask(`${url}/${shown}`)).text);
    expect(texts.filter((text) => text.includes(sample.sha256)).length).toBeGreaterThan(1);

    // A chunk of another sample in its place.
    const other = await take(agent, "Alpha", (await submit(randomBytes(3))).scanId);
    const tap = await connectAsGateway(stage);
    await tap.jetstream().publish(chunkSubject(asked.blob ?? "", 0), randomBytes(CHUNK_BYTES + 16));
    await tap.close();
    const altered = await fetch(path);
    texts.push(await altered.text());
    expect([altered.status, texts.at(-1)]).toEqual([500, '{"error":"internal error"}']);
    await until("the reason is logged", () => logged.includes(`chunk 0 of the blob ${asked.blob} is not as it was stored`));

    const { rows: tables } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(
      stage.db,
    );
    for (const { name } of tables) {
      const { rows } = await sql<{ text: string }>`
        select (to_jsonb(one) - 'blob_key')::text as text from ${sql.table(name)} as one`.execute(stage.db);
      texts.push(...rows.map(({ text }) => text));
    }
    texts.push(logged);
    for (const key of [...spellings(asked), ...spellings(other)]) expect(texts.filter((text) => text.includes(key))).toEqual([]);
  });

  it("is asked for with its key again: by another scan, for one result, as known bytes, and when an agent returns the request", async () => {
    const bytes = randomBytes(2_000);
    const { scanId } = await submit(bytes);
    const { request, ack } = await agent.take("Alpha", { scan: scanId });
    const sequence = await until("it is marked", async () => {
      const row = await stage.db.selectFrom("outbox").select("seq").where("scan_id", "=", scanId).executeTakeFirst();
      return row?.seq;
    });
    const returned = { v: 1, scan: scanId, agent: "puppet", state: "RETURNED", sequence, crashes: 0, cause: "STOPPING" } as const;
    await agent.nc.request(resultSubject("Alpha"), encodeMessage(returned));
    ack();
    const asked = [await take(agent, "Alpha", scanId)];
    await agent.answer("Alpha", { scan: scanId, state: "FAILED" });
    await until("it failed", async () => {
      const row = await stage.db.selectFrom("scans").select("end_date").where("id", "=", scanId).executeTakeFirst();
      return row?.end_date;
    });
    const again = [
      await retryResult(gateway.context, TESTER, scanId, "Alpha", undefined),
      await rescan(gateway.context, TESTER, scanId, {}),
      await submit(bytes),
    ];
    for (const scan of again) asked.push(await take(agent, "Alpha", scan.scanId));
    for (const sample of asked) expect(sample).toEqual(request.sample);
    expect((await read(agent, request.sample)).equals(bytes)).toBe(true);
  });

  it("has one blob with the key of that blob, whoever else sends the same bytes meanwhile or after they were lost", async () => {
    const bytes = randomBytes(CHUNK_BYTES + 5);
    const together = await Promise.all([submit(bytes), submit(bytes), submit(bytes)]);
    const asked = [];
    for (const { scanId } of together) asked.push(await take(agent, "Alpha", scanId));
    for (const sample of asked) expect((await read(agent, sample)).equals(bytes)).toBe(true);
    const stored = await findSample(stage.db, asked[0]?.sha256 ?? "");
    const { location } = stored?.isolated ?? {};
    await gateway.context.samples.remove("isolated", [location as SampleLocation]);
    const sent = await take(agent, "Alpha", (await submit(bytes)).scanId);
    expect((await read(agent, sent)).equals(bytes)).toBe(true);
    expect(asked.map(({ blob }) => blob)).not.toContain(sent.blob);
    expect(asked.map(({ key }) => key)).not.toContain(sent.key);
  });
});
