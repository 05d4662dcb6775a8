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
import { streamSample } from "../../../scanner-agent/runners/clamd/protocol.js";
import { awaitReply, type Conversation } from "../../../scanner-agent/runners/conversation.js";
import { postSample } from "../../../scanner-agent/runners/container/web.js";

const SIZE = 32 * 1024 * 1024;
const OPTIONS = { timeoutMs: 60_000, signal: new AbortController().signal };

async function sampleOf(size: number): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-early-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "sample");
  await writeFile(file, Buffer.alloc(size, "x"));
  return { folder, file };
}

type Given = "a file" | "bytes";

/** What a clamd that answers as it likes is taken to have said. */
async function clamd(size: number, talk: (socket: Socket) => void, given: Given) {
  const { folder, file } = await sampleOf(size);
  const sample = given === "bytes" ? { path: null, bytes: Buffer.alloc(size, "x") } : { path: file };
  const server = createServer(talk).listen(join(folder, "socket"));
  onTestFinished(() => void server.close());
  return parseWhole(parseClamd, await awaitReply(stream(join(folder, "socket"), sample), OPTIONS, () => undefined));
}

function stream(socket: string, sample: Parameters<typeof streamSample>[1]): Conversation {
  const conversation = streamSample(socket, sample);
  if (conversation === undefined) throw new Error("there is no sample");
  return conversation;
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

const GIVEN: Given[] = ["a file", "bytes"];

test.each(GIVEN.flatMap((given) => [0, 1, 100_000, SIZE].map((size) => [size, given] as const)))(
  "clamd's OK after %i bytes of %s is clean",
  async (size, given) => {
    expect(await clamd(size, answerAtEnd, given)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  },
);

test.each(GIVEN)("clamd's OK before the last chunk of %s proves nothing", async (given) => {
  expect(await clamd(SIZE, answerAtOnce("stream: OK\0"), given)).toMatchObject({
    state: "FAILED",
    verdict: null,
    cause: "ENGINE_ERROR",
  });
});

test.each(GIVEN)("clamd's detection in %s and its refusal count as soon as it tells them", async (given) => {
  expect(await clamd(SIZE, answerAtOnce("stream: Eicar FOUND\0"), given)).toMatchObject({
    verdict: "INFECTED",
    signature: "Eicar",
  });
  expect(await clamd(SIZE, answerAtOnce("INSTREAM size limit exceeded. ERROR\0"), given)).toMatchObject({
    state: "FAILED",
    error: "INSTREAM size limit exceeded.",
  });
});

const WEB = [
  ["at once", false, false, { state: "FAILED", verdict: null }],
  ["at once with a detection", true, false, { state: "DONE", verdict: "INFECTED" }],
  ["after the whole sample", false, true, { state: "DONE", verdict: "CLEAN" }],
] as const;

test.each(GIVEN.flatMap((given) => WEB.map((row) => [given, ...row] as const)))(
  "an engine in malice's web mode that is given %s and answers %s",
  async (given, _, infected, waits, expected) => {
    const { file } = await sampleOf(SIZE);
    const report = JSON.stringify({ x: { infected, result: infected ? "Eicar" : "", engine: "1.0", updated: "20261122" } });
    const server = createHttpServer((request, response) => {
      if (waits) request.resume().once("end", () => response.end(report));
      else response.end(report);
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close().closeAllConnections());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const named = { sha256: "0".repeat(64), size: SIZE };
    const sample = given === "bytes" ? { ...named, path: null, bytes: Buffer.alloc(SIZE, "x") } : { ...named, path: file };
    const conversation = postSample({ host: "127.0.0.1", port }, sample, 100_000);
    expect(parseWhole(parseMalice, await awaitReply(conversation, OPTIONS, () => undefined))).toMatchObject(expected);
  },
);
