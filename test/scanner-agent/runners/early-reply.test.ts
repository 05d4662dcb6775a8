/** A daemon that answers and hangs up while the sample is still being sent, as clamd does at its limits. */

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Failed } from "../../../scanner-agent/contract.js";
import { AnswerSocket } from "../../../scanner-agent/runners/answer-socket.js";
import { streamSample } from "../../../scanner-agent/runners/clamd/protocol.js";
import { postSample } from "../../../scanner-agent/runners/container/web.js";
import { HungUp } from "../../../scanner-agent/runners/conversation.js";

const REPLY = "stream: Heuristics.Limits.Exceeded.StreamMaxLength FOUND\0";
const BYTES = Buffer.alloc(2 * 1024 ** 2, "x");

let folder: string;
let sample: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-early-"));
  sample = join(folder, "sample");
  await writeFile(sample, BYTES);
});
afterEach(() => void server.close());
afterAll(() => rm(folder, { recursive: true }));

/** The path of a socket, for each of whose connections `take` is called; or, at a port, listens there. */
async function listen(take: (socket: Socket) => void, at: string | number = join(folder, "socket")): Promise<string> {
  server = createServer(take).listen(at);
  await once(server, "listening");
  return String(at);
}

/** Says its reply and hangs up once it has read so much, although more has come. */
const replyAfter = (size: number, reply: string) => (socket: Socket) => {
  let taken = 0;
  socket.on("error", () => undefined);
  socket.on("data", (part) => {
    taken += part.length;
    if (taken < size) return;
    socket.pause();
    if (reply !== "") socket.write(reply);
    socket.destroy();
  });
};

test("what it said before it hung up is read, even if a write fails first", async () => {
  const client = new AnswerSocket();
  const path = await listen((socket) => {
    socket.write(REPLY);
    socket.destroy();
    // Nothing has read the reply yet.
    client.write("more");
  });
  client.connect(path);
  expect(await text(client)).toBe(REPLY);
  expect(client.isRefused).toBe(true);
});

test.each([100_000, 300_000, 600_000, 1_000_000])(
  "its reply counts, as an early one, when it hangs up after %d bytes of a file",
  async (size) => {
    const path = await listen(replyAfter(size, REPLY));
    for (let n = 0; n < 25; n++) {
      const conversation = streamSample(path, { path: sample });
      expect(await conversation?.reply).toBe(REPLY);
      expect(conversation?.isEarly?.()).toBe(true);
    }
  },
);

test.each([100_000, 1_000_000])("an HTTP server's reply counts so when it hangs up after %d bytes", async (size) => {
  const refusal = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\n\r\ntoo large";
  await listen(replyAfter(size, refusal), 0);
  const { port } = server.address() as AddressInfo;
  for (let n = 0; n < 25; n++) {
    const facts = { path: sample, sha256: "0".repeat(64), size: BYTES.length };
    const { reply, isEarly } = postSample({ host: "127.0.0.1", port }, facts, 1_000);
    await expect(reply).rejects.toThrow(new Failed("it answered 413: too large"));
    expect(isEarly?.()).toBe(true);
  }
});

test.each(["a file", "memory"])("without a reply it has hung up on a sample in %s", async (where) => {
  const path = await listen(replyAfter(100_000, ""));
  const conversation = streamSample(path, where === "memory" ? { path: null, bytes: BYTES } : { path: sample });
  await expect(conversation?.reply).rejects.toThrow(HungUp);
});
