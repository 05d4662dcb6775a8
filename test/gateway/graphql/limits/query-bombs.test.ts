/**
 * Operations made to cost much: each is refused, by every transport, before it has cost much. The cost is counted in steps, which
 * are the same on every machine; `npm run bench -- --only BOMBS` measures the time.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { WebSocket } from "ws";
import { usageOf } from "../../../stage/process-usage.js";
import { ask } from "../../http/http-client.js";
import { BOMBS, type Bomb } from "./query-bombs.js";

/** Steps that refusing an operation may cost: some twenty times those of the smallest operation there is. */
const MOST_STEPS = 100_000;

interface Refusal {
  readonly extensions?: { readonly code?: string; readonly limit?: string };
}

let socket: WebSocket;
let asked = 0;

const stage = useStage();
const gateway = prepared(() => stage.gatewayProcess({ SCANMESH_SWEEP_INTERVAL: "1m" }, { probed: true }));

beforeAll(async () => {
  socket = await openSocket();
  // What is done once for all operations is not their cost.
  for (const operation of [...ORDINARY, ...BOMBS]) await overHttp(operation);
});

afterAll(async () => {
  socket.close();
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
    const fail = (code: number) => reject(new Error(`the gateway closed the connection: ${code}`));
    socket.once("close", fail);
    socket.on("message", function take(data) {
      const message = JSON.parse(String(data)) as { id?: string; type: string; payload: Refusal[] };
      if (message.id !== id) return;
      socket.off("message", take).off("close", fail);
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

/** What it costs the gateway. */
async function countSteps(work: () => Promise<unknown>): Promise<number> {
  await usageOf(gateway, "steps");
  await work();
  return await usageOf(gateway, "steps");
}

describe.each(Object.entries(TRANSPORTS))("over %s", (_transport, send) => {
  it.each(BOMBS)("$what costs few steps and is refused", async (bomb) => {
    let errors: readonly Refusal[] = [];
    const spent = await countSteps(async () => (errors = await send(bomb)));
    const why = errors.map(({ extensions: { code, limit } = {} }) => (code === "LIMIT_EXCEEDED" ? limit : code));
    expect(why).toEqual(expect.arrayContaining([...bomb.refused]));
    expect(spent).toBeLessThan(bomb.mostSteps ?? MOST_STEPS);
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
  it.each(ORDINARY)("$what costs few steps, seen for the first time too", async ({ query }) => {
    // A comment makes it a document that was never seen.
    const spent = await countSteps(async () => expect(await overHttp({ query: `${query} # new` })).toEqual([]));
    expect(spent).toBeLessThan(MOST_STEPS);
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
