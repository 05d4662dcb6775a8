import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { textFrameHeader } from "../../../../gateway/graphql/transports/text-frame.js";

let server: WebSocketServer;

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (_socket, { socket: stream, url }) => {
    const text = Buffer.from("ß".repeat(Number(url?.slice(1)) / 2));
    stream.write(Buffer.concat([textFrameHeader(text.length), text]));
  });
});

afterAll(() => server.close());

it.each([0, 2, 124, 126, 65_534, 65_536, 300_000])(
  "a client reads a text of %i bytes, framed here, as one message",
  async (length) => {
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/${length}`);
    const [data, isBinary] = await once(client, "message");
    client.terminate();
    expect(isBinary).toBe(false);
    expect(String(data)).toBe("ß".repeat(length / 2));
  },
);

it.each([125, 127, 65_535])("the length of a text of %i bytes is written in the fewest bytes", (length) => {
  expect(textFrameHeader(length)).toHaveLength(length < 126 ? 2 : 4);
});
