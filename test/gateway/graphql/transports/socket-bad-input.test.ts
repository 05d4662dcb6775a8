/** What a WebSocket client may not send: its connection is closed with the protocol's code, and nothing is a fault of the gateway. */

import { connect } from "node:net";
import { expect, it } from "vitest";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { WebSocket } from "ws";
import { ask } from "../../http/http-client.js";
import { loggedErrors } from "../../logged-errors.js";

const stage = useStage();
const gateway = prepared(() => stage.gatewayProcess());

const subscribe = (id: string) => ({ id, type: "subscribe", payload: { query: "subscription { scanUpdated(id: 1) { id } }" } });

/** How the gateway closes a connection on which these messages come. */
function closedAfter(...messages: (object | string | Buffer)[]): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    socket.on("error", () => {});
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
    socket.once("open", () => {
      const [first, ...rest] = messages.map((message) =>
        typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      );
      const send = (message: string | Buffer) => socket.send(message, { binary: false });
      // What follows a greeting is sent once it is answered.
      if (rest.length > 0) socket.once("message", () => rest.forEach(send));
      send(first ?? "");
    });
  });
}

const INIT = { type: "connection_init" };

it.each([
  ["no JSON", ["{"], 4400],
  ["a message of no type", [{}], 4400],
  ["a message that only servers send", [INIT, { id: "1", type: "next", payload: {} }], 4400],
  ["an operation before it is let in", [subscribe("1")], 4401],
  ["a second greeting", [INIT, INIT], 4429],
  [
    "an id that is in use, longer than the reason of a close may be",
    [INIT, subscribe("ü".repeat(5_000)), subscribe("ü".repeat(5_000))],
    4409,
  ],
  ["bytes that are no text", [INIT, Buffer.from([0xff, 0xfe])], 1007],
  ["more than a message may have", [INIT, "x".repeat(256 * 1024 + 1)], 1009],
])("%s", async (_, messages, code) => expect(await closedAfter(...messages)).toMatchObject({ code }));

it.each(["//", "http://[", "/graphql/../x", "/%"])("an upgrade of %s is refused", async (target) => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    let text = "";
    socket.on("data", (part) => (text += part.toString()));
    socket.on("error", () => {}).once("close", () => resolve(text));
    socket.write(
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
  });
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
});

it("none of this was an error of the gateway, which is still there", async () => {
  expect(loggedErrors(gateway.log())).toEqual([]);
  expect((await ask(`${gateway.url}/healthz`)).status).toBe(200);
});
