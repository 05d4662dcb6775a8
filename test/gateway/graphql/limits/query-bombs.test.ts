/** Operations made to cost much: each is refused, by every transport, before it has cost much. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { usageOf } from "../../../stage/process-usage.js";
import { startStage, type Part, type Stage } from "../../../stage/stage.js";
import { ask } from "../../http/http-client.js";
import { BOMBS, type Bomb } from "./query-bombs.js";

/** Milliseconds of processor time that refusing an operation may cost. */
const MOST_MS = 20;
const ROUNDS = 7;

interface Refusal {
  readonly extensions?: { readonly code?: string; readonly limit?: string };
}

let stage: Stage;
let gateway: Part;
let socket: WebSocket;
let asked = 0;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gatewayProcess({ SCANMESH_SWEEP_INTERVAL: "1m" }, { probed: true });
  socket = await openSocket();
  // The first uses of code are slower: a gateway that has just started is not what is measured.
  for (let round = 0; round < 5; round++) for (const operation of [...ORDINARY, ...BOMBS]) await overHttp(operation);
});

afterAll(async () => {
  socket.close();
  await stage.stop();
});

async function openSocket(): Promise<WebSocket> {
  const opened = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await new Promise((resolve) => void opened.once("open", resolve));
  const acknowledged = new Promise((resolve) => void opened.once("message", resolve));
  opened.send(JSON.stringify({ type: "connection_init" }));
  await acknowledged;
  return opened;
}

type Operation = Pick<Bomb, "query" | "variables">;

/** Written by hand: JSON.stringify cannot write what is very deep. */
function json({ query, variables }: Operation): string {
  return `{"query":${JSON.stringify(query)}${variables === undefined ? "" : `,"variables":${variables}`}}`;
}

async function overHttp(operation: Operation): Promise<readonly Refusal[]> {
  const headers = { "content-type": "application/json" };
  const answer = await ask(`${gateway.url}/graphql`, { method: "POST", headers, body: json(operation) });
  const { errors = [] } = answer.json<{ errors?: Refusal[] }>();
  expect({ status: answer.status, errors }).toMatchObject({ status: errors.length > 0 ? 400 : 200 });
  return errors;
}

async function overWebSocket(operation: Operation): Promise<readonly Refusal[]> {
  const id = `${++asked}`;
  const answered = new Promise<{ type: string; payload: Refusal[] }>((resolve, reject) => {
    socket.once("close", (code) => reject(new Error(`the gateway closed the connection: ${code}`)));
    socket.on("message", function take(data) {
      const message = JSON.parse(String(data)) as { id?: string; type: string; payload: Refusal[] };
      if (message.id !== id) return;
      socket.off("message", take);
      resolve(message);
    });
  });
  socket.send(`{"id":"${id}","type":"subscribe","payload":${json(operation)}}`);
  const { type, payload } = await answered;
  return type === "error" ? payload : [];
}

async function overSse(operation: Operation): Promise<readonly Refusal[]> {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  const { text } = await ask(`${gateway.url}/graphql/stream`, { method: "POST", headers, body: json(operation) });
  return (JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? "{}") as { errors?: Refusal[] }).errors ?? [];
}

const TRANSPORTS = { HTTP: overHttp, WebSocket: overWebSocket, SSE: overSse };

/** What it costs the gateway: the least of several, since what else it and the machine do meanwhile only adds to it. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await usageOf(gateway, "processor");
    await work();
    costs.push((await usageOf(gateway, "processor")) - before);
  }
  return Math.min(...costs);
}

describe.each(Object.entries(TRANSPORTS))("over %s", (transport, send) => {
  it.each(BOMBS)(`$what costs less than ${MOST_MS} ms and is refused`, async (bomb) => {
    const errors = await send(bomb);
    const why = errors.map(({ extensions: { code, limit } = {} }) => (code === "LIMIT_EXCEEDED" ? limit : code));
    expect(why).toEqual(expect.arrayContaining([...bomb.refused]));
    const spent = await processorTime(() => send(bomb));
    if (process.env["TEST_LOG"]) process.stdout.write(`${transport} ${bomb.what}: ${spent.toFixed(1)} ms\n`);
    expect(spent).toBeLessThan(MOST_MS);
  });
});

const REPORT =
  "scanId name verdict endDate sample { id sha256 mime } results { engine state verdict signature versions { engine } }";

/** Documents as dashboards send them. */
const ORDINARY: readonly { what: string; query: string }[] = [
  { what: "a list", query: `{ scans(first: 50) { nodes { id ${REPORT} } pageInfo { hasNextPage endCursor } } }` },
  { what: "a report", query: `{ scan(id: 1) { id ${REPORT} skipped { engine reason } } }` },
  { what: "the fleet", query: "{ engines { id name type speed available } agents { id state engines { name healthy } } }" },
];

describe("an ordinary operation", () => {
  it.each(ORDINARY)(`$what costs less than ${MOST_MS} ms, seen for the first time too`, async ({ query }) => {
    let times = 0;
    // A comment makes it a document that was never seen.
    const spent = await processorTime(async () => expect(await overHttp({ query: `${query} # ${++times}` })).toEqual([]));
    expect(spent).toBeLessThan(MOST_MS);
  });

  it("is not batched", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(ORDINARY.map(({ query }) => ({ query })));
    const answer = await ask(`${gateway.url}/graphql`, { method: "POST", headers, body });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
    expect((await ask(`${gateway.url}/graphql/stream`, { method: "POST", headers, body })).status).toBe(400);
  });
});
