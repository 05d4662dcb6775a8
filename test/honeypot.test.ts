/** What engines that can reach the internet are shown, over a thousand scans of which most may not leave the mesh. */

import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connect, credsAuthenticator } from "nats";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAgent } from "../scanner-agent/agent.js";
import { readAgentConfig } from "../scanner-agent/config.js";
import { done, type Sample } from "../scanner-agent/contract.js";
import type { InternetClass } from "../schema/classes.js";
import { parseMessage, ScanRequest } from "../schema/messages.js";
import { unsealChunk } from "../schema/sealed-chunks.js";
import { hashes } from "./scanner-agent/hashes.js";
import { puppet } from "./scanner-agent/stage/puppet-engine.js";
import { until } from "./stage/stage.js";
import { prepared, useStage } from "./stage/use-stage.js";

const SCANS = 1_000;
const AT_ONCE = 16;
const ENGINES = ["Inside", "HoneyFile", "HoneyHash"];

/** How a sample is scanned, and so who may see what of it. */
type Kind = "isolated" | "internet" | "hash only";
const KINDS: readonly Kind[] = ["isolated", "internet", "isolated", "hash only", "isolated"];

interface Case extends Omit<Sample, "path"> {
  readonly kind: Kind;
  readonly bytes: Buffer;
  /** Text that occurs in these bytes alone. */
  readonly marker: string;
}

const stops: (() => Promise<unknown>)[] = [];
/** What the honeypots were given: hashes by each, and files. */
const seen = {
  byFile: new Set<string>(),
  byHash: new Set<string>(),
  files: new Map<string, Buffer>(),
  beside: new Set<string>(),
};
/** Everything that passed in the account of the internet class; the chunks of samples apart, as they were sealed. */
const tapped: Buffer[] = [];
const chunks: { blob: string; n: number; sealed: Buffer }[] = [];
/** The keys of blobs that requests carried there. */
const keys = new Map<string, string>();

/** Sixteen scans at once keep a small machine busy: none is given out again because an agent is late. */
const PATIENT = { SCANMESH_ACK_WAIT: "30s" };

const stage = useStage();
const gateway = prepared(() => stage.gatewayProcess(PATIENT));

beforeAll(async () => {
  const authenticator = credsAuthenticator(readFileSync(stage.keys.creds.gateway.internet));
  const tap = await connect({ servers: stage.nats().url, authenticator });
  stops.push(() => tap.close());
  tap.subscribe(">", {
    callback: (_, { subject, data, headers }) => {
      tapped.push(Buffer.from(`${subject}\n${headers ? String(headers) : ""}\n`), Buffer.from(data), Buffer.from("\n"));
      const [head, blob = "", n] = subject.split(".");
      if (head === "sample") chunks.push({ blob, n: Number(n), sealed: Buffer.from(data) });
      if (head !== "scan") return;
      const { sample } = parseMessage(ScanRequest, data);
      if (sample.blob !== null && sample.key !== undefined) keys.set(sample.blob, sample.key);
    },
  });
  await tap.flush();
  await agent("isolated", [puppet("Inside", () => Promise.resolve(done(null, null, null)), { slots: 16 })]);
  await agent("internet", [
    puppet("HoneyFile", tasteFile, { slots: 16 }),
    puppet("HoneyHash", tasteHash, { slots: 16, input: "hash" }),
  ]);
  await until("all engines are in the mesh", async () => {
    const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
    return rows.length === ENGINES.length;
  });
});

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

async function agent(internet: InternetClass, engines: ReturnType<typeof puppet>[]): Promise<void> {
  const config = readAgentConfig({
    NATS_URL: stage.nats().url,
    SCANMESH_NATS_CREDS: stage.keys.creds.agent[internet],
    SCANMESH_CLASS: internet,
    SCANMESH_AGENT_ID: internet,
    SCANMESH_SPOOL: join(stage.folder, "spool"),
    ...PATIENT,
  });
  const own = engines.map((parts) => ({ ...parts, manifest: { ...parts.manifest, internet: internet === "internet" } }));
  const started = createAgent(config, { log: pino({ level: "silent" }), engines: own });
  stops.push(() => started.stop());
  await started.start();
}

async function tasteFile({ path, sha256, sha1, md5 }: Sample) {
  for (const hash of [sha256, sha1, md5]) seen.byFile.add(hash);
  if (path !== null) {
    seen.files.set(sha256, await readFile(path));
    for (const name of await readdir(dirname(path))) seen.beside.add(name);
  }
  return done(null, null, null);
}

async function tasteHash({ path, sha256, sha1, md5 }: Sample) {
  for (const hash of [sha256, sha1, md5]) seen.byHash.add(hash);
  if (path !== null) seen.files.set(sha256, await readFile(path));
  return done(null, null, null);
}

const SUBMIT = `mutation ($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } } }`;

async function submit(input: Record<string, unknown>, { kind }: Case): Promise<void> {
  const wish = { internet: kind !== "isolated", ...(kind === "hash only" ? { engines: ["Inside", "HoneyHash"] } : {}) };
  const body = JSON.stringify({ query: SUBMIT, variables: { input: { ...input, ...wish } } });
  // On a busy machine the heartbeats of agents may be late, and uploads are refused for a moment.
  const scanId = await until("it is accepted", async () => {
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const { data } = (await answer.json()) as { data: { submitScan: { scan?: { scanId: number } } } };
    return data.submitScan.scan?.scanId;
  });
  expect(scanId).toEqual(expect.any(Number));
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

function makeCase(n: number): Case {
  const kind = KINDS[n % KINDS.length] ?? "isolated";
  const marker = `the ${kind} sample ${n} of the honeypot's test`;
  const bytes = Buffer.from(`${marker} `.repeat(1 + (n % 50)));
  return { kind, marker, bytes, size: bytes.length, ...hashes(bytes) };
}

test("they see every byte and hash of the scans that allow internet, and none of any other", async () => {
  const cases = Array.from({ length: SCANS / 2 }, (_, n) => makeCase(n));
  await inParallel(cases, (one) => submit({ base64: one.bytes.toString("base64"), name: one.marker }, one));
  await inParallel(cases.toReversed(), (one) => submit({ sha256: one.sha256, name: one.marker }, one));
  await until("every scan is final", async () => {
    const { count } = await stage.db
      .selectFrom("scans")
      .select(({ fn }) => fn.countAll<string>().as("count"))
      .where("end_date", "is not", null)
      .executeTakeFirstOrThrow();
    return Number(count) === SCANS;
  });
  const others = await stage.db
    .selectFrom("results")
    .innerJoin("engines", "engines.id", "engine_id")
    .select(["scan_id", "engines.name", "state", "error"])
    .where("state", "!=", "DONE")
    .execute();
  expect(others).toEqual([]);

  const of = (kind: Kind) => cases.filter((one) => one.kind === kind);
  const hashesOf = (some: readonly Case[]) => some.flatMap(({ sha256, sha1, md5 }) => [sha256, sha1, md5]).toSorted();
  expect([...seen.byFile].toSorted()).toEqual(hashesOf(of("internet")));
  expect([...seen.byHash].toSorted()).toEqual(hashesOf([...of("internet"), ...of("hash only")]));
  expect([...seen.files.keys()].toSorted()).toEqual(
    of("internet")
      .map(({ sha256 }) => sha256)
      .toSorted(),
  );
  for (const { sha256, bytes } of of("internet")) expect(seen.files.get(sha256)?.equals(bytes)).toBe(true);

  // What whoever reads all of that account can open by the keys that pass there.
  const opened = chunks.map(({ blob, n, sealed }) => {
    const key = keys.get(blob);
    return (key === undefined ? undefined : unsealChunk(key, n, Uint8Array.from(sealed))) ?? sealed;
  });
  const wire = Buffer.concat([...tapped, ...opened]).toString("latin1");
  const leaked = (text: string) => wire.includes(text);
  for (const { marker } of of("internet")) expect(leaked(marker)).toBe(true);
  expect(cases.filter(({ kind, marker }) => kind !== "internet" && leaked(marker))).toEqual([]);
  expect(hashesOf(of("isolated")).filter((hash) => leaked(hash))).toEqual([]);
  const beside = [...seen.beside].join("\n");
  expect(hashesOf(of("isolated")).filter((hash) => beside.includes(hash))).toEqual([]);
});
