import { randomBytes, randomUUID } from "node:crypto";
import type { NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectNats } from "../../../schema/nats/connect.js";
import { KNOWN_CLIENT } from "../../../schema/nats/client-internals.js";
import { sendRequest } from "../../../schema/nats/requests.js";
import { publishStored } from "../../../schema/nats/stored.js";
import { startBusStage, until, type BusStage } from "../../scanner-agent/stage/bus-stage.js";

let stage: BusStage;
const opened: NatsConnection[] = [];
const quiet = { warn: () => {}, error: () => {} };

beforeAll(async () => {
  stage = await startBusStage();
  await stage.jsm.streams.add({ name: "KEPT", subjects: ["kept.>"], max_msgs: 1_000, allow_direct: true });
  await stage.jsm.streams.add({ name: "FULL", subjects: ["full"], max_msgs: 1, discard: "new" as never });
  stage.nc.subscribe("echo", { callback: (_, message) => void message.respond(message.data) });
  stage.nc.subscribe("silence", { callback: () => {} });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((nc) => nc.close()));
});
afterAll(() => stage.stop());

const bytesOf = (text: string) => [Buffer.from(text)];
const codeOf = (error: unknown) => (error as { code?: string }).code;

describe.each([
  ["with the known client", KNOWN_CLIENT],
  ["with another one, by its public parts", "1.0.0"],
])("%s", (_how, known) => {
  const open = async (more: object = {}) => {
    const options = { servers: stage.url, maxReconnectAttempts: -1, reconnectTimeWait: 50, ...more };
    const nc = await connectNats(options, quiet, known);
    opened.push(nc);
    return nc;
  };

  it("gives each of many requests its own answer", async () => {
    const nc = await open();
    const texts = Array.from({ length: 500 }, (_, i) => "x".repeat((i % 7) * 1_000) + i);
    const answers = await Promise.all(texts.map((text) => sendRequest(nc, "echo", bytesOf(text), { timeoutMs: 10_000 })));
    expect(answers.map(({ data }) => Buffer.from(data).toString())).toEqual(texts);
  });

  it("listens under the prefix that the account may use", async () => {
    const nc = await open({ inboxPrefix: "_OTHER.prefix" });
    const seen = new Promise((resolve) => stage.nc.subscribe("who", { callback: (_, { reply }) => resolve(reply) }));
    // The server has the subscription before another connection publishes.
    await stage.nc.flush();
    void sendRequest(nc, "who", [], { timeoutMs: 50 }).catch(() => undefined);
    expect(await seen).toMatch(/^_OTHER\.prefix\./);
  });

  it("stores a message of several pieces whole, and once for its id", async () => {
    const nc = await open();
    const [subject, messageId] = [`kept.${randomUUID()}`, randomUUID()];
    const pieces = [randomBytes(3), randomBytes(400_000), Buffer.alloc(0), randomBytes(100_000), randomBytes(7)];
    const options = { messageId, timeoutMs: 5_000 };
    const first = await publishStored(nc, subject, pieces, options);
    expect(await publishStored(nc, subject, [Buffer.from("another")], options)).toBe(first);
    const stored = await stage.jsm.streams.getMessage("KEPT", { seq: first });
    expect(Buffer.from(stored.data).equals(Buffer.concat(pieces))).toBe(true);
    expect(stored.header.get("Nats-Msg-Id")).toBe(messageId);
    const read = await sendRequest(nc, `$JS.API.DIRECT.GET.KEPT.${subject}`, [], { timeoutMs: 5_000 });
    expect(Buffer.from(read.data).equals(Buffer.concat(pieces))).toBe(true);
    expect(read.headers?.get("Nats-Sequence")).toBe(String(first));
  });

  it("says that nobody listens, and tries again as often as it is asked to", async () => {
    const nc = await open();
    expect(await sendRequest(nc, "nobody", [], { timeoutMs: 5_000 }).catch(codeOf)).toBe("503");
    const subject = `late.${randomUUID()}`;
    const options = { messageId: "1", timeoutMs: 5_000 };
    expect(await publishStored(nc, subject, [], options).catch(codeOf)).toBe("503");
    const late = publishStored(nc, subject, [], { ...options, tries: 20 });
    await stage.jsm.streams.add({ name: `LATE-${known.replaceAll(".", "-")}`, subjects: [subject] });
    expect(await late).toBe(1);
  });

  it("tells what JetStream says of a message that it does not store", async () => {
    const nc = await open();
    const publish = () => publishStored(nc, "full", [], { messageId: randomUUID(), timeoutMs: 5_000 });
    await publish().catch(() => undefined);
    expect(await publish().catch((error: unknown) => error)).toMatchObject({
      name: "NatsError",
      api_error: { err_code: 10_077 },
    });
    const other = publishStored(nc, "echo", bytesOf("no acknowledgement"), { messageId: "1", timeoutMs: 5_000 });
    expect(await other.catch(codeOf)).toBe("JESTREAM_INVALID_ACK");
  });

  it("refuses a message that is larger than the server takes, and goes on", async () => {
    const nc = await open();
    const large = [Buffer.alloc(600_000), Buffer.alloc(600_000)];
    expect(await sendRequest(nc, "echo", large, { timeoutMs: 5_000 }).catch(codeOf)).toBe("MAX_PAYLOAD_EXCEEDED");
    expect((await sendRequest(nc, "echo", bytesOf("on"), { timeoutMs: 5_000 })).data.length).toBe(2);
  });

  it("refuses headers that would be more than one line", async () => {
    const nc = await open();
    const headers = { "Nats-Msg-Id": "1\r\nNats-Rollup: all" };
    expect(await sendRequest(nc, "echo", [], { timeoutMs: 5_000, headers }).catch(codeOf)).toBe("BAD_HEADER");
  });

  it("ends what is not answered in time, and nothing else", async () => {
    const nc = await open();
    const ended = sendRequest(nc, "silence", [], { timeoutMs: 30 }).catch(codeOf);
    const patient = sendRequest(nc, "silence", [], { timeoutMs: 60_000 }).catch(codeOf);
    expect(await ended).toBe("TIMEOUT");
    expect((await sendRequest(nc, "echo", bytesOf("on"), { timeoutMs: 5_000 })).data.length).toBe(2);
    await nc.close();
    expect(await patient).toBe("CONNECTION_CLOSED");
    expect(await sendRequest(nc, "echo", [], { timeoutMs: 30 }).catch(codeOf)).toBe("CONNECTION_CLOSED");
  });

  it("ends what is under way when the connection is drained", async () => {
    const nc = await open();
    const answer = sendRequest(nc, "echo", bytesOf("last"), { timeoutMs: 60_000 }).then(
      ({ data }) => String(data.length),
      codeOf,
    );
    const silent = sendRequest(nc, "silence", [], { timeoutMs: 60_000 }).catch(codeOf);
    await nc.flush();
    const drained = nc.drain();
    expect(await sendRequest(nc, "echo", [], { timeoutMs: 30 }).catch(codeOf)).toBe("CONNECTION_DRAINING");
    await drained;
    expect(await silent).toBe("CONNECTION_CLOSED");
    // It came before the server was told to send no more, or not.
    expect(["4", "CONNECTION_CLOSED"]).toContain(await answer);
  });

  it("ends every request with an error when the server is killed, and serves those after it is back", async () => {
    const nc = await open();
    let [answered, failed, isOver] = [0, 0, false];
    const codes = new Set<string | undefined>();
    const loop = async () => {
      while (!isOver) {
        const text = randomUUID();
        try {
          const { data } = await sendRequest(nc, "echo", bytesOf(text), { timeoutMs: 500 });
          expect(Buffer.from(data).toString()).toBe(text);
          answered += 1;
        } catch (error) {
          failed += 1;
          codes.add(codeOf(error));
        }
      }
    };
    const loops = Array.from({ length: 20 }, loop);
    await until("some are answered", async () => answered > 100);
    const silent = sendRequest(nc, "silence", [], { timeoutMs: 60_000 }).catch(codeOf);
    const start = await stage.killServer();
    expect(await silent).toBe("DISCONNECT");
    start();
    const before = answered;
    await until("more are answered", async () => answered > before + 100);
    isOver = true;
    await Promise.all(loops);
    expect(failed).toBeGreaterThan(0);
    expect([...codes].filter((code) => !["DISCONNECT", "TIMEOUT", "503"].includes(code ?? ""))).toEqual([]);
  });
});
