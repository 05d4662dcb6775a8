/** WebSocket clients that send more than others: what waits for them is bounded, and they hold up nobody. */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { prepared, useStage } from "../../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

const AT_ONCE = 20;
const MESSAGES = 100;

const text = (message: object) => (socket: WebSocket) => void socket.send(JSON.stringify(message));
const operation = (payload: object) => (socket: WebSocket) => text({ id: randomUUID(), type: "subscribe", payload })(socket);
/** An error that names all of them. */
const NAMED = Array.from({ length: 10 }, (_, i) => `query ${"q".repeat(240)}${i} { __typename }`).join(" ");
const LONG = "{ __schema { types { name description fields { name description } } } }";

it.each([
  ["pings of the protocol", (socket: WebSocket) => socket.ping("x".repeat(125))],
  ["pings with a payload", text({ type: "ping", payload: { text: "x".repeat(64 * 1024) } })],
  ["operations that are refused", operation({ query: NAMED, operationName: "other" })],
  ["queries", operation({ query: LONG })],
])("%s whose answers nobody reads end the connection", async (_, send) => {
  const socket = await connect();
  onTestFinished(() => socket.terminate());
  socket.pause();
  while (socket.readyState === socket.OPEN) {
    for (let i = 0; i < AT_ONCE; i += 1) send(socket);
    await new Promise(setImmediate);
    // The client's own queue stays short: what waits are the answers.
    while (socket.bufferedAmount > 0 && socket.readyState === socket.OPEN) await new Promise(setImmediate);
  }
  expect(socket.readyState).not.toBe(socket.OPEN);
});

it("messages that a client sends at once are handled one by one, with others' work between them", async () => {
  const socket = await connect();
  let answers = 0;
  let turns = 0;
  socket.on("message", () => (answers += 1));
  for (let i = 0; i < MESSAGES; i += 1) socket.send('{"type":"ping"}');
  while (answers < MESSAGES && socket.readyState === socket.OPEN) {
    await new Promise(setImmediate);
    turns += 1;
  }
  socket.terminate();
  expect(answers).toBe(MESSAGES);
  expect(turns).toBeGreaterThanOrEqual(MESSAGES);
});

/** A connection that is ready for operations. */
async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  socket.on("error", () => {});
  await once(socket, "open");
  socket.send('{"type":"connection_init"}');
  await once(socket, "message");
  return socket;
}
