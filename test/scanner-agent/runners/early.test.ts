/** Engines that answer before they were sent the whole sample. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseWhole } from "../../../scanner-agent/engine/whole-sample.js";
import { parseClamd } from "../../../scanner-agent/parsers/clamd.js";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";
import { streamFile } from "../../../scanner-agent/runners/clamd/protocol.js";
import { awaitReply } from "../../../scanner-agent/runners/conversation.js";
import { postSample } from "../../../scanner-agent/runners/container/web.js";

const SIZE = 32 * 1024 * 1024;
const OPTIONS = { timeoutMs: 20_000, signal: new AbortController().signal };

async function sampleOf(size: number): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-early-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "sample");
  await writeFile(file, Buffer.alloc(size, "x"));
  return { folder, file };
}

/** What a clamd that answers as it likes is taken to have said. */
async function clamd(size: number, talk: (socket: Socket) => void) {
  const { folder, file } = await sampleOf(size);
  const server = createServer(talk).listen(join(folder, "socket"));
  onTestFinished(() => void server.close());
  return parseWhole(parseClamd, await awaitReply(streamFile(join(folder, "socket"), file), OPTIONS, () => undefined));
}

/** Answers when it has been sent the end of the stream. */
const answerAtEnd = (socket: Socket) => {
  let tail = Buffer.alloc(0);
  socket.on("data", (part) => {
    tail = Buffer.concat([tail, part]).subarray(-4);
    if (tail.equals(Buffer.alloc(4))) socket.end("stream: OK\0");
  });
};

const answerAtOnce = (reply: string) => (socket: Socket) => void socket.once("data", () => socket.pause().write(reply));

test.each([0, 1, 100_000, SIZE])("clamd's OK after %i bytes is clean", async (size) => {
  expect(await clamd(size, answerAtEnd)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
});

test("clamd's OK before the last chunk proves nothing", async () => {
  expect(await clamd(SIZE, answerAtOnce("stream: OK\0"))).toMatchObject({
    state: "FAILED",
    verdict: null,
    cause: "ENGINE_ERROR",
  });
});

test("clamd's detection and its refusal count as soon as it tells them", async () => {
  expect(await clamd(SIZE, answerAtOnce("stream: Eicar FOUND\0"))).toMatchObject({ verdict: "INFECTED", signature: "Eicar" });
  expect(await clamd(SIZE, answerAtOnce("INSTREAM size limit exceeded. ERROR\0"))).toMatchObject({
    state: "FAILED",
    error: "INSTREAM size limit exceeded.",
  });
});

test.each([
  ["at once", false, false, { state: "FAILED", verdict: null }],
  ["at once with a detection", true, false, { state: "DONE", verdict: "INFECTED" }],
  ["after the whole sample", false, true, { state: "DONE", verdict: "CLEAN" }],
])("an engine in malice's web mode that answers %s", async (_, infected, waits, expected) => {
  const { file } = await sampleOf(SIZE);
  const report = JSON.stringify({ x: { infected, result: infected ? "Eicar" : "", engine: "1.0", updated: "20261122" } });
  const server = createHttpServer((request, response) => {
    if (waits) request.resume().once("end", () => response.end(report));
    else response.end(report);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const conversation = postSample({ host: "127.0.0.1", port }, file, "sample", SIZE, 100_000);
  expect(parseWhole(parseMalice, await awaitReply(conversation, OPTIONS, () => undefined))).toMatchObject(expected);
});
