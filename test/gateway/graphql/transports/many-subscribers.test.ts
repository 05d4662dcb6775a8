/** Many subscribers at once: those who read miss nothing, those who never read are sent away. */

import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sql } from "kysely";
import { WebSocket } from "ws";
import { randomOf } from "../../../bench/random.js";
import { engine, startPuppet, type PuppetAgent } from "../../../stage/puppet-agent.js";
import { until } from "../../../stage/stage.js";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { data } from "../../http/http-client.js";

const SUBSCRIBERS = 500;
const ENGINES = ["Alpha", "Beta", "Gamma", "Delta"];
const WATCH = "subscription ($id: SafeInt!) { scanUpdated(id: $id) { revision endDate results { engine state details } } }";

let agent: PuppetAgent;

const stage = useStage();
// Each test counts the watchers of a gateway of its own: both wait for time limits of 12 s, so they run together.
const [gateway, other] = [prepared(() => stage.gateway()), prepared(() => stage.gateway())];

beforeAll(async () => {
  agent = await startPuppet(
    stage,
    "puppet",
    ENGINES.map((name) => engine(name)),
  );
});

afterAll(async () => {
  await agent.close();
});

async function submit({ url }: { readonly url: string }): Promise<number> {
  const query = `mutation { submitScan(input: { base64: "bWFueQ==", deadline: 600 }) { ... on SubmitScanSuccess { scan { scanId } } } }`;
  return (await data<{ submitScan: { scan: { scanId: number } } }>(url, query)).submitScan.scan.scanId;
}

interface Subscriber {
  readonly socket: WebSocket;
  /** Reports that it has seen, by revision, and how often the scan's end. */
  readonly revisions: number[];
  ends: number;
}

async function subscribe(id: number): Promise<Subscriber> {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const subscriber: Subscriber = { socket, revisions: [], ends: 0 };
  socket.on("message", (text) => {
    const { type, payload } = JSON.parse(String(text));
    if (type === "connection_ack")
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: WATCH, variables: { id } } }));
    if (type !== "next") return;
    subscriber.revisions.push(payload.data.scanUpdated.revision);
    if (payload.data.scanUpdated.endDate) subscriber.ends += 1;
  });
  await once(socket, "open");
  socket.send('{"type":"connection_init"}');
  return subscriber;
}

const rises = (numbers: readonly number[]) => numbers.every((one, i) => i === 0 || one > (numbers[i - 1] ?? Infinity));

it.concurrent(`of ${SUBSCRIBERS} subscribers that come and go each sees the end once; those who never read are closed`, async () => {
  const random = randomOf(28);
  const [id, quiet] = [await submit(gateway), await submit(gateway)];
  const deaf = await Promise.all(Array.from({ length: SUBSCRIBERS / 20 }, () => subscribe(quiet)));
  const readers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => subscribe(id)));
  await until("all have their first report", () => [...readers, ...deaf].every(({ revisions }) => revisions.length > 0));
  for (const { socket } of deaf) socket.pause();

  for (const [i, name] of ENGINES.entries()) {
    // Some leave in the middle of the event, and others come.
    const answered = agent.answer(name, { scan: id, verdict: "CLEAN" });
    for (let changes = SUBSCRIBERS / 20; changes > 0; changes--) {
      const [leaving] = readers.splice(Math.floor(random.unit() * readers.length), 1);
      leaving?.socket.terminate();
      readers.push(await subscribe(id));
    }
    await answered;
    await until("all who read have it, or newer", () => readers.every(({ revisions }) => (revisions.at(-1) ?? -1) >= i + 1));
  }
  await until("all who read have seen the end", () => readers.every(({ ends }) => ends > 0));
  for (const { revisions, ends } of readers) {
    expect(ends).toBe(1);
    expect(rises(revisions)).toBe(true);
  }
  expect(readers).toHaveLength(SUBSCRIBERS);
  // Nothing is sent to the others meanwhile: what gives them away is that they do not answer a ping.
  await until("those who never read are gone", () => gateway.context.watchers.scans.count() === 0);
  for (const { socket } of [...readers, ...deaf]) socket.terminate();
});

it.concurrent("a stream that nobody reads is closed once what is written is not taken any more", async () => {
  const id = await submit(other);
  const long = JSON.stringify({ text: "x".repeat(400_000) });
  await sql`update results set details = ${long}::jsonb where scan_id = ${id}`.execute(stage.db);
  const { hostname, port } = new URL(other.url);
  // The gateway may reset what it closes.
  const stream = connect(Number(port), hostname).on("error", () => {});
  stream.pause();
  await once(stream, "connect");
  const body = JSON.stringify({ query: WATCH, variables: { id } });
  stream.write(
    `POST /graphql/stream HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const { scans } = other.context.watchers;
  await until("it is watched", () => scans.count() === 1);
  await until("it is closed", async () => {
    await sql`update scans set revision = revision + 1 where id = ${id}`.execute(stage.db);
    scans.invalidate(id);
    return scans.count() === 0;
  });
  stream.destroy();
  expect(scans.count()).toBe(0);
});
