/** Clients that are cut off in the middle of their scan and come back to any gateway, over both transports; and that take back. */

import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { randomOf, type Random } from "../../../bench/random.js";
import { engine, startPuppet, type PuppetAgent } from "../../../stage/puppet-agent.js";
import { until, type LocalGateway } from "../../../stage/stage.js";
import { useStage } from "../../../stage/use-stage.js";
import { data } from "../../http/http-client.js";
import { base64, submit } from "../../scan/submitting.js";

const ENGINES = ["Alpha", "Beta", "Gamma", "Delta"];
const REPORT = "scanId revision verdict endDate done total detections results { engine state verdict signature }";
const WATCH = `subscription ($id: SafeInt!) { scanUpdated(id: $id) { ${REPORT} } }`;
const AT_ONCE = 5;
const ROUNDS = 6;
/** A client is cut off within this time; so many times as long each time, for a busy machine needs long to connect. */
const CUT_MS = 20;
const LONGER = 1.2;
/** An engine answers within this time. */
const ANSWER_MS = 60;

interface Report {
  readonly revision: number;
  readonly endDate: string | null;
}
/** Tells each report that comes, until the scan is final or the cut; resolves when the connection is gone. */
type Watch = (url: string, id: number, cut: AbortSignal, told: (report: Report) => void) => Promise<void>;

let gateways: LocalGateway[];
let agents: PuppetAgent[];

const stage = useStage();

beforeAll(async () => {
  gateways = [await stage.gateway(), await stage.gateway()];
  agents = await Promise.all(ENGINES.map((name) => startPuppet(stage, `host-${name}`, [engine(name, { slots: AT_ONCE })])));
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
});

const reportOf = (text: string): Report => {
  const { data: found, errors } = JSON.parse(text);
  if (errors) throw new Error(text);
  return found.scanUpdated;
};

const bySocket: Watch = (url, id, cut, told) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    const leave = () => socket.terminate();
    cut.addEventListener("abort", leave);
    socket.on("open", () => socket.send('{"type":"connection_init"}'));
    socket.on("message", (message) => {
      const { type, payload } = JSON.parse(String(message));
      if (type === "connection_ack")
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: WATCH, variables: { id } } }));
      else if (type === "next") told(reportOf(JSON.stringify(payload)));
      else if (type === "complete") leave();
      else reject(new Error(String(message)));
    });
    socket.on("error", (error) => (cut.aborted ? undefined : reject(error)));
    socket.on("close", () => resolve());
  });

const byEvents: Watch = async (url, id, cut, told) => {
  try {
    const answer = await fetch(`${url}/graphql/stream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: WATCH, variables: { id } }),
      signal: cut,
    });
    let text = "";
    for await (const part of answer.body ?? []) {
      const events = (text + Buffer.from(part).toString("latin1")).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) if (event.startsWith("event: next")) told(reportOf(event.slice(event.indexOf("{"))));
    }
  } catch (error) {
    if (!cut.aborted) throw error;
  }
};

let cuts = 0;

/** What a client has in the end that is cut off again and again; what it has never gets older. */
async function cutOff(id: number, random: Random): Promise<Report> {
  let known: Report | undefined;
  for (let within = CUT_MS; !known?.endDate; within *= LONGER) {
    const watch = random.unit() < 0.5 ? bySocket : byEvents;
    const { url } = gateways[random.unit() < 0.5 ? 0 : 1] as LocalGateway;
    const cut = AbortSignal.timeout(Math.ceil(random.unit() * within));
    await watch(url, id, cut, (report) => {
      if (known && report.revision < known.revision) throw new Error(`revision ${report.revision} came after ${known.revision}`);
      known = report;
    });
    if (cut.aborted) cuts += 1;
  }
  return known;
}

async function never(id: number): Promise<Report> {
  const reports: Report[] = [];
  await bySocket((gateways[0] as LocalGateway).url, id, new AbortController().signal, (report) => void reports.push(report));
  expect(reports.map(({ revision }) => revision)).toEqual(reports.map(({ revision }) => revision).toSorted((a, b) => a - b));
  return reports.at(-1) as Report;
}

/** Each engine answers its scan after a while, an infected one in four. */
async function play(id: number, random: Random): Promise<void> {
  const answers = ENGINES.map((_, i) => ({ afterMs: random.unit() * ANSWER_MS, infected: random.unit() < 0.25, i }));
  await Promise.all(
    answers.map(async ({ afterMs, infected, i }) => {
      const [agent, name] = [agents[i] as PuppetAgent, ENGINES[i] as string];
      await pause(afterMs);
      await agent.answer(name, { scan: id, state: "SCANNING" });
      await pause(afterMs);
      await agent.answer(name, { scan: id, ...(infected ? { verdict: "INFECTED", signature: name } : { verdict: "CLEAN" }) });
    }),
  );
}

it("clients that are cut off have the same final report as one that never was, and as the query has", async () => {
  const random = randomOf(31);
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, i) => {
        const own = randomOf(31, round, i);
        const { scan } = await submit((gateways[i % 2] as LocalGateway).url, { base64: base64(`cut ${round} ${i}`) });
        const watching = Promise.all([
          never(scan.scanId),
          cutOff(scan.scanId, own),
          cutOff(scan.scanId, randomOf(random.uint32())),
        ]);
        await play(scan.scanId, own);
        const [steady, ...others] = await watching;
        const { url } = gateways[1] as LocalGateway;
        const query = await data<{ scan: Report }>(url, `{ scan(id: ${scan.scanId}) { ${REPORT} } }`);
        expect(steady).toMatchObject({ done: ENGINES.length, total: ENGINES.length });
        for (const report of [...others, query.scan]) expect(report).toEqual(steady);
      }),
    );
  }
  expect(cuts).toBeGreaterThan(2 * ROUNDS * AT_ONCE);
  for (const { context } of gateways) await until("nobody watches", () => context.watchers.scans.count() === 0);
});

it.each([
  ["a query", "query Watch($id: SafeInt!) { scan(id: $id) { scanId } }"],
  ["a subscription", WATCH],
])("%s that is taken back while it begins is not answered", async (what, query) => {
  const [{ url, context }] = gateways as [LocalGateway];
  const [agent] = agents as [PuppetAgent];
  const id = (await submit(url, { base64: base64(`${what} taken back`), engines: ["Alpha"] })).scan.scanId;
  const heard: { id?: string; type: string }[] = [];
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const say = (message: object) => socket.send(JSON.stringify(message));
  const begin = (name: string) => say({ id: name, type: "subscribe", payload: { query, variables: { id } } });
  socket.on("message", (message) => heard.push(JSON.parse(String(message))));
  await once(socket, "open");
  say({ type: "connection_init" });
  await until("it is let in", () => heard.length === 1);
  await stage.db.transaction().execute(async (tx) => {
    await sql`lock table scans in access exclusive mode`.execute(tx);
    begin("taken back");
    await until("it waits", async () => {
      const { rows } = await sql`select from pg_locks where relation = 'scans'::regclass and not granted`.execute(stage.db);
      return rows.length > 0;
    });
    say({ id: "taken back", type: "complete" });
    say({ type: "ping" });
    await until("that was heard", () => heard.some(({ type }) => type === "pong"));
  });
  begin("wanted");
  await until("the other is answered", () => heard.some((message) => message.id === "wanted"));
  const { ack } = await agent.take("Alpha", { scan: id });
  await agent.answer("Alpha", { scan: id, verdict: "CLEAN" });
  ack();
  await until("the other has ended", () => heard.some(({ id: name, type }) => name === "wanted" && type === "complete"));
  expect(heard.filter((message) => message.id === "taken back")).toEqual([]);
  socket.close();
  await until("nobody watches any more", () => context.watchers.scans.count() === 0);
});

it("a client that leaves while its event stream begins is no fault of the gateway", async () => {
  const own = await stage.gatewayProcess();
  const [{ url }] = gateways as [LocalGateway];
  const { scan } = await submit(url, { base64: base64("left") });
  await play(scan.scanId, randomOf(32));
  const leaving = new AbortController();
  await stage.db.transaction().execute(async (tx) => {
    await sql`lock table scans in access exclusive mode`.execute(tx);
    const left = byEvents(own.url, scan.scanId, leaving.signal, () => undefined);
    await until("it waits", async () => {
      const { rows } = await sql`select from pg_locks where relation = 'scans'::regclass and not granted`.execute(stage.db);
      return rows.length > 0;
    });
    leaving.abort();
    await left;
  });
  const seen: Report[] = [];
  await until(
    "it is final",
    async () => (await data<{ scan: Report }>(url, `{ scan(id: ${scan.scanId}) { endDate } }`)).scan.endDate,
  );
  await byEvents(own.url, scan.scanId, new AbortController().signal, (report) => void seen.push(report));
  expect(seen).toHaveLength(1);
  expect(own.log()).not.toMatch(/"level":50/);
  await own.kill("SIGTERM");
});
