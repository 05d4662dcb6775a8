/** ClamAV's signatures from a mirror to five hosts: a gateway, a fetcher, agents with real clamds, and what they scan meanwhile. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listUpdates } from "../../../gateway/db/engine-updates.js";
import { createAgent, type Agent } from "../../../scanner-agent/agent.js";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import type { ScanReport } from "../../../schema/reports.js";
import { EICAR } from "../../scanner-agent/eicar.js";
import { startMirror, type Mirror } from "../../scanner-agent/fetcher/mirror.js";
import { hasClamd } from "../../scanner-agent/runners/clamd/clamav-database.js";
import { betweenScans } from "../../stage/between-scans.js";
import { testLog } from "../../stage/log.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { joinHost, newHost, newToken } from "../join/host.js";
import { base64, submit } from "../scan/submitting.js";
import { finalScan, ofEngine } from "../scan/suppressing.js";

const FIRST = 27_501;
const HOSTS = ["h1", "h2", "h3", "h4", "h5"];
const EICAR_SIGNATURE = `Eicar-Test:0:*:${EICAR.subarray(28, 60).toString("hex")}\n`;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_CANARY_WAIT: "1ms" }));
const agents: Agent[] = [];
/** What the mirror has sent. */
const sent: string[] = [];
let scans = 0;

beforeAll(async () => {
  if (!hasClamd) return;
  await Promise.all(HOSTS.map((id) => startHost(id)));
  // A host without signatures has ClamAV all the same.
  await until("the mesh knows ClamAV", () => clamavs().length === HOSTS.length);
});
afterAll(() => Promise.all(agents.map((agent) => agent.stop())));

async function start(agent: Agent): Promise<void> {
  agents.push(agent);
  await agent.start();
}

function settingsOf(id: string): Record<string, string> {
  const folder = join(stage.folder, id);
  mkdirSync(folder);
  return {
    PATH: process.env["PATH"] ?? "",
    NATS_URL: stage.nats().url,
    SCANMESH_AGENT_ID: id,
    SCANMESH_SPOOL: join(folder, "spool"),
    SCANMESH_BUNDLES: join(folder, "bundles"),
    SCANMESH_CLAMAV_DB: join(folder, "nothing"),
    SCANMESH_UPDATE_TEST: "1ms",
    SCANMESH_ACK_WAIT: "1s",
    SCANMESH_HEARTBEAT: "2s",
    SCANMESH_SLOTS: "1",
  };
}

async function startHost(id: string): Promise<void> {
  const creds = { SCANMESH_NATS_CREDS: stage.keys.creds.agent.isolated };
  const config = readAgentConfig({ ...settingsOf(id), ...creds, SCANMESH_ENGINES: "ClamAV" });
  await start(createAgent(config, { log: testLog(id), freeMemory: () => Infinity }));
}

/** It runs no engine, and has joined, so that it knows a gateway. */
async function startFetcher(mirror: Mirror): Promise<void> {
  const urls = ["daily.cud", "eicar.ndb"].map((name) => `${mirror.url}/${name}`);
  const file = join(stage.folder, "engines.yaml");
  writeFileSync(file, JSON.stringify({ engines: { ClamAV: { updates: { main: { source: "http", urls } } } } }));
  const env = {
    ...settingsOf("fetcher"),
    SCANMESH_CLASS: "internet",
    SCANMESH_FETCH: "on",
    SCANMESH_FETCH_DIR: join(stage.folder, "fetched"),
    SCANMESH_ENGINES_FILE: file,
  };
  const joined = await joinHost(newHost(stage, env), await newToken(gateway, { class: "internet" }));
  await start(createAgent(readAgentConfig(env, joined), { log: testLog("fetcher") }));
}

/** A database of this version, made as ClamAV's own are but for their signature. It finds a word of its own. */
function daily(version: number): Buffer {
  const cwd = mkdtempSync(join(stage.folder, "daily-"));
  const word = Buffer.from(`scanmesh-test-${version}`).toString("hex");
  writeFileSync(join(cwd, "daily.ndb"), `ScanMesh.Test.${version}:0:*:${word}\n`);
  writeFileSync(join(cwd, "COPYING"), "test\n");
  const env = { PATH: process.env["PATH"], SIGNDUSER: "test" };
  execFileSync("sigtool", ["--build=daily.cud", "--unsigned", `--cvd-version=${version}`], {
    cwd,
    env,
    input: "\n",
    stdio: "pipe",
  });
  return readFileSync(join(cwd, "daily.cud"));
}

const clamavs = () => gateway.context.fleet.agents().flatMap(({ engines }) => engines.filter(({ name }) => name === "ClamAV"));

/** Waits until every host serves this version. */
const served = (version: string) =>
  until(
    `all serve ${version}`,
    () => clamavs().filter(({ healthy, versions }) => healthy && versions.signatures === version).length === HOSTS.length,
  );

/** Has a fetcher look now, as people do. */
async function askNow(): Promise<void> {
  const begin = `mutation { updateEngines(input: { engines: ["ClamAV"] }) { ... on UpdateEnginesSuccess { asked } } }`;
  expect(await data(gateway.url, begin)).toEqual({ updateEngines: { asked: ["ClamAV"] } });
}

/** The same, and waits until the update that comes of it has ended so. */
async function look(state: "DONE" | "ROLLED_BACK", version: string): Promise<string | null> {
  await askNow();
  const update = await until(`an update to ${version} is ${state}`, async () => {
    const [last] = await listUpdates(stage.db, { engine: "ClamAV" }, { limit: 1 });
    return last?.toBundle?.sequence === Number(version) - FIRST + 1 && last.state === state ? last : undefined;
  });
  return update.reason;
}

interface ShownCheck {
  readonly state: string;
  readonly reason: string | null;
  readonly blockedUntil: string | null;
}

/** Waits until the last look at the mirror has ended so. */
const checked = (state: string) =>
  until(`the look is ${state}`, async () => {
    const query = "{ updateSets { engine check { state reason blockedUntil } } }";
    const { updateSets } = await data<{ updateSets: { engine: string; check: ShownCheck | null }[] }>(gateway.url, query);
    const check = updateSets.find(({ engine }) => engine === "ClamAV")?.check;
    return check?.state === state ? check : undefined;
  });

/** A sample in which a version of the signatures finds something, unlike the others. */
async function scan(version: number): Promise<ScanReport> {
  const text = base64(`${(scans += 1)} scanmesh-test-${version}`);
  return finalScan(stage, (await submit(gateway.url, { base64: text, engines: ["ClamAV"] })).scan.scanId);
}

/** Files that are sent again only if they have changed, as mirrors do. */
function serveChanged(files: Readonly<Record<string, string | Uint8Array>>): RequestListener {
  return ({ url = "", headers }, response) => {
    const content = files[url.slice(1)];
    if (content === undefined) return response.writeHead(404).end();
    const etag = `"${createHash("sha256").update(content).digest("hex")}"`;
    if (headers["if-none-match"] === etag) return response.writeHead(304).end();
    sent.push(url);
    return response.writeHead(200, { etag, "content-length": content.length }).end(content);
  };
}
describe.skipIf(!hasClamd)("five hosts without signatures", () => {
  it("get them by one download, then newer ones while they scan, whole, and none that is broken or refused", async () => {
    const mirror = await startMirror(serveChanged({ "daily.cud": daily(FIRST), "eicar.ndb": EICAR_SIGNATURE }));
    await startFetcher(mirror);
    await served("27501");
    expect(mirror.asked.toSorted(), "five hosts have asked the mesh, and the mesh the mirror").toEqual([
      "/daily.cud",
      "/eicar.ndb",
    ]);
    expect(ofEngine(await scan(FIRST), "ClamAV")).toMatchObject({
      state: "DONE",
      verdict: "INFECTED",
      signatureVersion: "27501",
    });

    const reports: ScanReport[] = [];
    let isOver = false;
    const load = Promise.all(
      [FIRST, FIRST + 1].map(async (version) => {
        for (; !isOver; await betweenScans()) reports.push(await scan(version));
      }),
    );
    try {
      mirror.answer = serveChanged({ "daily.cud": daily(FIRST + 1), "eicar.ndb": EICAR_SIGNATURE });
      expect(await look("DONE", "27502")).toBeNull();
      await served("27502");
      expect(sent, "what has not changed is not sent again").toEqual(["/daily.cud", "/eicar.ndb", "/daily.cud"]);
      const broken = Buffer.from(daily(FIRST + 2)).fill(0, 600);
      mirror.answer = serveChanged({ "daily.cud": broken, "eicar.ndb": EICAR_SIGNATURE });
      expect(await look("ROLLED_BACK", "27503")).toMatch(/^h\d: clamd does not start/);
      await served("27502");

      mirror.answer = (_, response) => response.writeHead(429, { "retry-after": "7200" }).end();
      await askNow();
      const { reason, blockedUntil } = await checked("BLOCKED");
      expect(reason).toContain(`${mirror.host} has refused this host (429)`);
      expect(Date.parse(blockedUntil ?? "")).toBeGreaterThan(Date.now() + 3_600_000);
      const asked = mirror.asked.length;
      await askNow();
      const before = reports.length;
      await until("scans go on", () => reports.length > before + HOSTS.length);
      await served("27502");
      expect(mirror.asked, "it is not asked before that time, whoever wants it").toHaveLength(asked);
    } finally {
      isOver = true;
      await load;
    }
    const results = reports.flatMap((report) => report.results);
    expect(results.filter(({ state }) => state !== "DONE")).toEqual([]);
    expect(new Set(results.map(({ signatureVersion }) => signatureVersion))).toEqual(new Set(["27501", "27502"]));
    for (const { signature, signatureVersion } of results)
      if (signature !== null) expect(signature).toBe(`ScanMesh.Test.${signatureVersion}.UNOFFICIAL`);
  });
});
