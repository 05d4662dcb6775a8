/** Gateways and agents are started anew one after the other, while scans come and go. */

import { once } from "node:events";
import { request as ask } from "node:http";
import { beforeAll, expect, it } from "vitest";
import { readLastRestart } from "../../../gateway/db/rolling-restarts.js";
import { readScan } from "../../../gateway/db/scans.js";
import { betweenScans } from "../../stage/between-scans.js";
import { until, type Part } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";

const manifest = (name: string) =>
  `name: ${name}\ntype: METADATA\nspeed: FAST\ninternet: false\nslots: 1\noutput: clamd\n` +
  `run:\n  process: { command: [sh, -c, 'printf "stream: OK\\0"', ${name}, "{file}"] }\n`;
const ENGINES = { one: manifest("One"), other: manifest("Other") };
const AGENTS = ["a", "b", "c"];
/** Whoever may send a request again sends it to the other gateway. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ECONNRESET"]);

const stage = useStage();
const gateways: Part[] = [];
const agents = new Map<string, Part>();

beforeAll(async () => {
  gateways.push(await stage.gatewayProcess(), await stage.gatewayProcess());
  for (const id of AGENTS) agents.set(id, await stage.agentProcess({ id, engines: ENGINES }));
  type Shown = { agents: { engines: { healthy: boolean }[] }[] };
  for (const _ of gateways)
    await until("a gateway expects all of their engines", async () => {
      const { agents: found } = (await send("{ agents { engines { healthy } } }")) as Shown;
      return found.length === AGENTS.length && found.every(({ engines }) => engines.every(({ healthy }) => healthy));
    });
});

function post(url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    // Each has a connection of its own: one that is kept may be closed just as it is used.
    const sent = ask(`${url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, agent: false });
    sent.on("error", reject).on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("error", reject).on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.end(body);
  });
}

/** As a proxy before both gateways does; the first is another one each time. */
let turn = 0;
async function send(query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ query, variables });
  for (turn += 1; ; turn += 1) {
    try {
      const { status, text } = await post(gateways[turn % gateways.length]?.url ?? "", body);
      const { data, errors } = JSON.parse(text) as { data?: Record<string, unknown>; errors?: unknown };
      if (status !== 200 || data === undefined || errors !== undefined) throw new Error(`${status} ${text}`);
      return data;
    } catch (error) {
      if (!UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

const SUBMIT = `mutation ($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } } }`;

async function submit(text: string): Promise<number> {
  const input = { base64: Buffer.from(text).toString("base64"), speed: "ALL", idempotencyKey: text };
  const { submitScan } = (await send(SUBMIT, { input })) as { submitScan: { scan?: { scanId: number }; message?: string } };
  if (submitScan.scan === undefined) throw new Error(submitScan.message);
  return submitScan.scan.scanId;
}

it("no request fails, no scan is lost, and no engine misses one", async () => {
  const statuses: unknown[] = [];
  const supervised = [...agents].map(async ([id, { process }]) => {
    statuses.push((await once(process, "exit"))[0]);
    agents.set(id, await stage.agentProcess({ id, engines: ENGINES }));
  });
  const scans: number[] = [];
  let isOver = false;
  const client = async (name: string) => {
    for (let i = 0; !isOver; i += 1, await betweenScans()) {
      const scanId = await submit(`${name} ${i}`);
      scans.push(scanId);
      await until(`scan ${scanId} is final`, async () => {
        const { scan } = (await send("query ($id: SafeInt!) { scan(id: $id) { endDate } }", { id: scanId })) as {
          scan: { endDate: string | null };
        };
        return scan.endDate !== null;
      });
    }
  };
  const clients = Promise.all(["first", "second", "third"].map(client));
  const restarting = (async () => {
    await send("mutation { restartAgents { __typename } }");
    for (let i = 0; i < gateways.length; i += 1) {
      await gateways[i]?.kill("SIGTERM");
      gateways[i] = await stage.gatewayProcess();
    }
    await until("all agents are back", async () => (await readLastRestart(stage.db))?.state !== "RUNNING");
  })();
  try {
    await Promise.race([restarting, clients]);
  } finally {
    isOver = true;
  }
  await Promise.all([clients, restarting, ...supervised]);
  expect(statuses).toEqual(AGENTS.map(() => 75));
  expect(await readLastRestart(stage.db)).toMatchObject({ state: "DONE", done: AGENTS.length });
  const rows = await stage.db.selectFrom("scans").select("id").orderBy("id").execute();
  expect(rows.map(({ id }) => id)).toEqual(scans.toSorted((a, b) => a - b));
  for (const id of scans) {
    const report = await readScan(stage.db, id);
    expect(report?.results.map(({ engine, state }) => [engine, state]).toSorted()).toEqual([
      ["One", "DONE"],
      ["Other", "DONE"],
    ]);
  }
});
