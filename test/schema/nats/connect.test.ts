import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { NatsConnection } from "nats";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KNOWN_CLIENT } from "../../../schema/nats/client-internals.js";
import { connectNats } from "../../../schema/nats/connect.js";
import { sendRequest } from "../../../schema/nats/requests.js";
import { projectPath } from "../../../schema/paths.js";
import { until } from "../../scanner-agent/stage/bus-stage.js";
import { startScriptedServer, type ScriptedServer } from "./scripted-server.js";

let server: ScriptedServer;
let nc: NatsConnection;
let told: string[];

beforeEach(async () => {
  told = [];
  server = await startScriptedServer();
  nc = await connect();
});
afterEach(async () => {
  await nc.close();
  await server.stop();
});

const note = (_what: object, sentence: string) => void told.push(sentence);
const connect = (known = KNOWN_CLIENT, by = { connectNats }) =>
  by.connectNats({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 10 }, { warn: note, error: note }, known);

/** Sends a request and waits until the server has it: its subscription and its reply subject. */
async function ask(subject: string, timeoutMs = 20_000) {
  const answer = sendRequest(nc, subject, [], { timeoutMs });
  answer.catch(() => undefined);
  const line = new RegExp(`PUB ${subject} (\\S+) 0`);
  await until("the server has the request", async () => line.test(server.told()));
  const sid = Number([...server.told().matchAll(/SUB _INBOX\S+ (\d+)/g)].at(-1)?.[1]);
  return { answer, reply: line.exec(server.told())?.[1] ?? "", sid };
}

const codeOf = (error: unknown) => (error as { code?: string }).code;
const reconnected = (before: number) => until("it has connected again", async () => server.connections() > before);

it("knows the version of the client that is installed", () => {
  const { dependencies } = JSON.parse(readFileSync(projectPath("package.json"), "utf8")) as { dependencies: { nats: string } };
  expect(dependencies.nats).toBe(KNOWN_CLIENT);
});

it("gives up after 5 seconds a server that takes a connection and says nothing", async () => {
  const mute = createServer().listen(0, "127.0.0.1");
  await once(mute, "listening");
  const connections = once(mute, "connection");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const servers = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const refused = connectNats({ servers, reconnect: false }, { warn: note, error: note }).catch(codeOf);
    const [socket] = (await connections) as [Socket];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await refused).toMatch(/TIMEOUT/);
    socket.destroy();
  } finally {
    vi.useRealTimers();
    mute.close();
  }
});

it("says once that it does not know the client", async () => {
  vi.resetModules();
  const fresh = await import("../../../schema/nats/connect.js");
  const others = [await connect("9.9.9", fresh), await connect("9.9.9", fresh)];
  expect(told).toEqual([
    "This version of the NATS client is not known here: messages are read and written in its own, slower way",
  ]);
  await Promise.all(others.map((other) => other.close()));
});

it.each(["NONSENSE\r\n", "MSG a 1 99999999999\r\n", "MSG a 1 2\r\nlonger\r\n", "HMSG a 1 9 2\r\n"])(
  "connects again when the server sends %j, ends what was asked before and reads on",
  async (malformed) => {
    const { answer } = await ask("first");
    server.say(malformed);
    expect(await answer.catch(codeOf)).toBe("DISCONNECT");
    await reconnected(1);
    expect(told).toEqual(["What NATS sends cannot be read: connecting again"]);
    const next = await ask("second");
    server.say(`MSG ${next.reply} ${next.sid} 2\r\nok\r\n`);
    expect(Buffer.from((await next.answer).data).toString()).toBe("ok");
  },
);

it("ends what was asked when the server ends the connection in the middle of an answer, and reads the next from its start", async () => {
  const { answer, reply, sid } = await ask("first");
  server.hangUp(`MSG ${reply} ${sid} 10\r\nhalf`);
  expect(await answer.catch(codeOf)).toBe("DISCONNECT");
  await reconnected(1);
  const next = await ask("second");
  server.say(`MSG ${next.reply} ${next.sid} 2\r\nok\r\n`);
  expect(Buffer.from((await next.answer).data).toString()).toBe("ok");
  expect(told).toEqual([]);
});

it("connects again when the server calls it a slow consumer", async () => {
  const { answer } = await ask("first");
  server.hangUp("-ERR 'Slow Consumer'\r\n");
  expect(await answer.catch(codeOf)).toBe("DISCONNECT");
  await reconnected(1);
});

it("ends the request that the server does not allow, and no other", async () => {
  const [allowed, refused] = [await ask("allowed"), await ask("refused")];
  server.say(`-ERR 'Permissions Violation for Publish to "refused"'\r\n`);
  expect(await refused.answer.catch(codeOf)).toBe("PERMISSIONS_VIOLATION");
  server.say(`MSG ${allowed.reply} ${allowed.sid} 0\r\n\r\n`);
  expect((await allowed.answer).data.length).toBe(0);
});

it("listens again for answers after the server has forbidden it", async () => {
  const { answer, reply } = await ask("first");
  const inbox = `${reply.slice(0, reply.lastIndexOf("."))}.*`;
  server.say(`-ERR 'Permissions Violation for Subscription to "${inbox}"'\r\n`);
  expect(await answer.catch(codeOf)).toBe("PERMISSIONS_VIOLATION");
  const next = await ask("second");
  server.say(`MSG ${next.reply} ${next.sid} 0\r\n\r\n`);
  expect((await next.answer).data.length).toBe(0);
});

it("reads on when a handler throws", async () => {
  nc.subscribe("thrown", {
    callback: () => {
      throw new Error("a mistake");
    },
  });
  await nc.flush();
  const sid = Number(/SUB thrown (\d+)/.exec(server.told())?.[1]);
  const next = await ask("asked");
  server.say(`MSG thrown ${sid} 0\r\n\r\nMSG ${next.reply} ${next.sid} 0\r\n\r\n`);
  expect((await next.answer).data.length).toBe(0);
  expect(told).toEqual(["A message of NATS could not be handled"]);
});

it("sends what a turn has to send in one write", async () => {
  const { socket } = (nc as unknown as { protocol: { transport: { socket: { bytesWritten: number; write: unknown } } } }).protocol
    .transport;
  const write = socket.write as (...args: unknown[]) => boolean;
  let writes = 0;
  socket.write = (...args: unknown[]) => {
    writes += 1;
    return write.apply(socket, args);
  };
  const answers = Array.from({ length: 50 }, (_, i) => sendRequest(nc, `many.${i}`, [Buffer.from("x")], { timeoutMs: 20_000 }));
  await until("the server has the last", async () => server.told().includes("many.49"));
  expect(writes).toBe(1);
  for (const answer of answers) answer.catch(() => undefined);
});

it("sends large pieces as they are, in their order and without joining them", async () => {
  const { socket } = (nc as unknown as { protocol: { transport: { socket: { write: unknown } } } }).protocol.transport;
  const write = socket.write as (...args: unknown[]) => boolean;
  const written: unknown[] = [];
  socket.write = (...args: unknown[]) => {
    written.push(args[0]);
    return write.apply(socket, args);
  };
  const pieces = [Buffer.from("begin"), Buffer.alloc(300_000, "a"), Buffer.alloc(20_000, "b"), Buffer.from("end")];
  sendRequest(nc, "large", pieces, { timeoutMs: 20_000 }).catch(() => undefined);
  await until("the server has it", async () => server.told().endsWith("bend\r\n"));
  expect(server.told()).toContain(`begin${"a".repeat(300_000)}${"b".repeat(20_000)}end\r\n`);
  for (const piece of pieces.slice(1, 3)) expect(written).toContain(piece);
});
