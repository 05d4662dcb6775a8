/** The whole mesh on real parts: gateways and agents as processes, Postgres, NATS, clamd and YARA-X. */

import { createHash } from "node:crypto";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readScan } from "../gateway/db/scans.js";
import type { ScanReport } from "../schema/reports.js";
import { makeDatabase, type Database as Signatures } from "./scanner-agent/runners/clamd/clamav-database.js";
import { CLEAN, EICAR } from "./scanner-agent/eicar.js";
import { startStage, until, type Part, type Stage } from "./stage/stage.js";

let stage: Stage;
let gateway: Part;
let signatures: Signatures;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gatewayProcess();
  signatures = await makeDatabase();
  await signatures.addEicar();
});

afterAll(async () => {
  await stage.stop();
  await signatures.remove();
});

type Answer = { id: number; hashes: Record<string, string>; error?: string };

async function uploadJson(bytes: Buffer, fields: Record<string, unknown> = {}): Promise<Answer> {
  const body = { allow_internet: "False", minspeed: 3, sample: bytes.toString("base64"), sample_name: "a.bin", ...fields };
  const answer = await fetch(`${gateway.url}/api/v1/sample`, { method: "POST", body: JSON.stringify(body) });
  return (await answer.json()) as Answer;
}

async function uploadForm(bytes: Buffer): Promise<Answer> {
  const form = new FormData();
  form.set("file_upload", new File([bytes], "form.bin"));
  form.set("minspeed", "3");
  return (await (await fetch(`${gateway.url}/api/upload`, { method: "POST", body: form })).json()) as Answer;
}

async function graphql<T>(query: string, variables: object = {}): Promise<T> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${gateway.url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await answer.json()) as { data: T; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

const SUBMIT = `mutation ($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } } }`;

async function submit(input: object): Promise<Answer> {
  const { submitScan } = await graphql<{ submitScan: { scan?: { scanId: number }; message?: string } }>(SUBMIT, {
    input: { name: "g.bin", ...input },
  });
  if (!submitScan.scan) throw new Error(submitScan.message);
  return { id: submitScan.scan.scanId, hashes: {} };
}

async function uploadByUrl(bytes: Buffer): Promise<Answer> {
  const { createUpload } = await graphql<{ createUpload: { id: string; url: string } }>("mutation { createUpload { id url } }");
  const put = await fetch(createUpload.url, { method: "PUT", body: bytes });
  expect(put.status).toBe(201);
  return submit({ uploadId: createUpload.id });
}

const final = (id: number): Promise<ScanReport> =>
  until(`scan ${id} is final`, async () => {
    const report = await readScan(stage.db, id);
    return report?.endDate ? report : undefined;
  });

const healthy = (name: string) =>
  until(`${name} is announced as healthy`, async () => {
    const rows = await stage.db.selectFrom("engines").select("last_healthy_at").where("name", "=", name).execute();
    return rows[0]?.last_healthy_at;
  });

const said = ({ results }: ScanReport) =>
  Object.fromEntries(results.map(({ engine, state, verdict }) => [engine, verdict ?? state]));

it("answers 503 with a time to come back while no agent was ever there", async () => {
  const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "", sample_name: "a" });
  const answer = await fetch(`${gateway.url}/api/v1/sample`, { method: "POST", body });
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("10");
  expect(await stage.db.selectFrom("scans").select("id").execute()).toEqual([]);
});

describe("without an antivirus engine", () => {
  it("finds EICAR by Yara, and is inconclusive about an ordinary file", async () => {
    const agent = await stage.agentProcess({ id: "no-av", env: { SCANMESH_ENGINES: "Yara,FileInfo" } });
    await Promise.all([healthy("Yara"), healthy("FileInfo")]);
    const eicar = await uploadJson(EICAR);
    expect(said(await final(eicar.id))).toMatchObject({ Yara: "INFECTED", FileInfo: "DONE" });
    expect(await final(eicar.id)).toMatchObject({ verdict: "INFECTED", detections: 1 });
    expect(await final((await uploadJson(CLEAN)).id)).toMatchObject({ verdict: "INCONCLUSIVE", detections: 0 });
    await agent.kill();
  });
});

describe("with ClamAV", () => {
  let agent: Part;

  beforeAll(async () => {
    agent = await stage.agentProcess({ id: "full", env: { SCANMESH_CLAMAV_DB: signatures.folder } });
    await healthy("ClamAV");
  });

  it.each([
    ["JSON to /api/v1/sample", () => uploadJson(EICAR)],
    ["a form to /api/upload", () => uploadForm(EICAR)],
    ["base64 in GraphQL", () => submit({ base64: EICAR.toString("base64") })],
    ["an upload URL of GraphQL", () => uploadByUrl(EICAR)],
    ["the hash of a stored sample", () => submit({ sha256: createHash("sha256").update(EICAR).digest("hex") })],
  ])("EICAR sent as %s is INFECTED by ClamAV and by Yara", async (_, send) => {
    const { id } = await send();
    const report = await final(id);
    expect(said(report)).toEqual({ ClamAV: "INFECTED", Yara: "INFECTED", FileInfo: "DONE" });
    expect(report).toMatchObject({ verdict: "INFECTED", detections: 2 });
  });

  it("a clean file is CLEAN, and an empty one", async () => {
    expect(await final((await uploadJson(CLEAN)).id)).toMatchObject({ verdict: "CLEAN" });
    expect(await final((await uploadJson(Buffer.alloc(0))).id)).toMatchObject({ verdict: "CLEAN" });
  });

  it("every engine's result is taken over where nothing has changed", async () => {
    const bytes = Buffer.from("seen before");
    const first = await final((await uploadJson(bytes)).id);
    const again = await final((await submit({ base64: bytes.toString("base64"), freshness: 3_600 })).id);
    expect(again).toMatchObject({ verdict: "CLEAN", done: 3 });
    expect(again.results.map(({ reusedFrom }) => reusedFrom)).toEqual(first.results.map(() => first.scanId));
  });

  it("a sample of many chunks arrives whole: its hash at the agent is its hash at the gateway", async () => {
    const large = Buffer.concat([Buffer.alloc(5_000_000, "scanmesh"), EICAR]);
    const answer = await uploadForm(large);
    const report = await final(answer.id);
    const details = report.results.find(({ engine }) => engine === "FileInfo")?.details;
    expect(details).toMatchObject({ sha256: answer.hashes["sha256"], size: large.length });
  });

  it("a scan whose only agent has just left ends NO_AGENT at its deadline, not clean", async () => {
    await agent.kill();
    const { id } = await submit({ base64: CLEAN.toString("base64") });
    await stage.db.updateTable("scans").set({ deadline: new Date() }).where("id", "=", id).execute();
    const report = await final(id);
    expect(report.verdict).toBe("INCONCLUSIVE");
    expect(new Set(report.results.map(({ state }) => state))).toEqual(new Set(["NO_AGENT"]));
  });
});

describe("agents that share an engine", () => {
  const manifest = (command: string) =>
    `name: Slowly\ntype: AV\nspeed: FAST\ninternet: false\nslots: 1\noutput: clamd\nrun:\n  process: { command: ${command} }\n`;
  /** Finds EICAR and nothing else, after a while. */
  const script = `[sh, -c, 'sleep 0.3; if grep -q EICAR- "$1"; then printf "stream: Eicar FOUND\\0"; else printf "stream: OK\\0"; fi', slowly, "{file}"]`;

  it("divide its work, and each result is there once", async () => {
    const engines = { slowly: manifest(script) };
    const agents = await Promise.all(["one", "two"].map((id) => stage.agentProcess({ id, engines })));
    await healthy("Slowly");
    const sent = await Promise.all(
      Array.from({ length: 12 }, (_, i) => submit({ base64: Buffer.from(`share ${i}`).toString("base64"), engines: ["Slowly"] })),
    );
    const reports = await Promise.all(sent.map(({ id }) => final(id)));
    expect(reports.map(said)).toEqual(reports.map(() => ({ Slowly: "CLEAN" })));
    expect(new Set(reports.flatMap(({ results }) => results.map((result) => result.agent)))).toEqual(new Set(["one", "two"]));
    await Promise.all(agents.map((agent) => agent.kill()));
  });

  it("finish what a killed agent was scanning, and a scan that was interrupted is found infected all the same", async () => {
    const engines = { slowly: manifest(script) };
    const lasting = { slowly: manifest(script.replace("sleep 0.3", 'if grep -q lasting "$1"; then sleep 600; fi')) };
    const doomed = await stage.agentProcess({ id: "doomed", engines: lasting });
    const sample = Buffer.concat([EICAR, Buffer.from(" lasting")]);
    const { id } = await submit({ base64: sample.toString("base64"), engines: ["Slowly"] });
    await until("it is being scanned", async () => (await readScan(stage.db, id))?.results[0]?.state === "SCANNING");
    await doomed.kill("SIGKILL");
    const heir = await stage.agentProcess({ id: "heir", engines });
    const report = await final(id);
    expect(report.results).toMatchObject([{ engine: "Slowly", state: "DONE", verdict: "INFECTED", agent: "heir" }]);
    await heir.kill();
  });

  it("an engine that exits 1 with garbage is FAILED, and the scan is not clean", async () => {
    const garbage = await stage.agentProcess({
      id: "garbage",
      engines: {
        slowly: manifest(
          `[sh, -c, 'if grep -q EICAR- "$1"; then printf "stream: Eicar FOUND\\0"; elif grep -q fails "$1"; then echo "%$garbage"; exit 1; else printf "stream: OK\\0"; fi', slowly, "{file}"]`,
        ),
      },
    });
    const { id } = await submit({ base64: Buffer.from("this one fails").toString("base64"), engines: ["Slowly"] });
    const report = await final(id);
    expect(report.results).toMatchObject([{ state: "FAILED", verdict: null }]);
    expect(report.results[0]?.error).not.toBe("");
    expect(report.verdict).toBe("INCONCLUSIVE");
    await garbage.kill();
  });
});

describe("an engine whose script is edited, with a date that nobody reads", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-script-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("runs again, and finds what it did not find before", async () => {
    const script = join(folder, "dashed.sh");
    const edit = async (word: string) => {
      const text = [
        "#!/bin/sh",
        `if grep -qe EICAR- -e ${word} "$1"; then found=true name=Found; else found=false name=; fi`,
        `printf '{"dashed":{"infected":%s,"result":"%s","engine":"1.0","updated":"some day in 2018"}}' $found "$name"`,
      ].join("\n");
      await writeFile(`${script}.new`, text, { mode: 0o755 });
      await rename(`${script}.new`, script);
    };
    await chmod(folder, 0o755);
    await edit("alpha");
    const run = `run: { process: { command: ["${script}", "{file}"] } }`;
    const manifest = `name: Dashed\ntype: AV\nspeed: FAST\ninternet: false\noutput: malice\n${run}\n`;
    const agent = await stage.agentProcess({ id: "dashed", engines: { dashed: manifest } });
    await healthy("Dashed");
    const input = { base64: Buffer.from("omega").toString("base64"), engines: ["Dashed"], freshness: 3_600 };
    const scan = async () => (await final((await submit(input)).id)).results[0];
    const first = await scan();
    expect(first).toMatchObject({ state: "DONE", reusedFrom: null });
    // What the agent announces may be older than what it has scanned with.
    await until("it is taken over", async () => (await scan())?.reusedFrom !== null);
    await edit("omega");
    const found = await until("it runs again", async () => {
      const result = await scan();
      return result?.state === "DONE" && result.reusedFrom === null ? result : undefined;
    });
    expect(found).toMatchObject({ state: "DONE", verdict: "INFECTED" });
    await agent.kill();
  });
});

it("no process of the mesh has logged an error", () => {
  expect(
    gateway
      .log()
      .split("\n")
      .filter((line) => line.includes('"level":50')),
  ).toEqual([]);
});
