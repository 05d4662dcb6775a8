import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGatewayClient } from "../../cli/client.js";
import type { Report } from "../../cli/report.js";
import type { Pace } from "../../cli/watch-transports.js";
import { engine } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";
import { answerJson, reportOf, startPuppetGateway, type Asked } from "./puppet-gateway.js";
import { submitBytes } from "./submit-bytes.js";

const QUICK: Pace = { startMs: 300, answerMs: 60_000, silenceMs: 60_000, pollMs: [20, 40] };

/** The last report of a watch, and how many there were. */
async function watched(reports: AsyncIterable<Report>, note = () => {}): Promise<{ last: Report | undefined; count: number }> {
  let [last, count]: [Report | undefined, number] = [undefined, 0];
  for await (const report of reports) {
    [last, count] = [report, count + 1];
    note();
  }
  return { last, count };
}

describe("a scan that is watched by WebSocket", () => {
  const stage = useStage();
  const gateway = prepared(() => stage.gateway());
  const agent = usePuppet(stage, "puppet", [engine("ClamAV")]);
  const relay = prepared(
    () => startRelay(Number(new URL(gateway.url).port)),
    async (made) => made.close(),
  );
  const watchers = () => gateway.context.watchers.scans.count();
  let samples = 0;

  /** Watches a new scan through the relay, and detects its sample when `meanwhile` has happened. */
  async function watchWhile(
    meanwhile: (told: string[], count: () => number) => Promise<void>,
    pace: Partial<Pace> = {},
  ): Promise<string[]> {
    const told: string[] = [];
    const client = createGatewayClient(relay.url, undefined, (line) => told.push(line), { ...QUICK, startMs: 5_000, ...pace });
    const scanId = await submitBytes(client, `sample ${samples++}`);
    const taken = await agent.take("ClamAV", { seconds: 20 });
    let count = 0;
    const ending = new AbortController();
    const watching = watched(client.watch(scanId, ending.signal), () => (count += 1));
    try {
      await meanwhile(told, () => count);
      await agent.answer("ClamAV", { scan: taken.request.scan, verdict: "INFECTED", signature: "Win.Test" });
      taken.ack();
      expect((await watching).last).toMatchObject({ verdict: "INFECTED", endDate: expect.any(String) });
    } finally {
      ending.abort();
      await Promise.allSettled([watching]);
    }
    await until("nobody watches any more", () => watchers() === 0);
    return told;
  }

  it("is watched again after the connection broke", async () => {
    const told = await watchWhile(async (_, count) => {
      await until("its first report came", () => count() === 1);
      const before = relay.webSockets();
      relay.cut();
      // It may be back before anyone looks.
      await until("it is watched again", () => relay.webSockets() > before && watchers() === 1);
    });
    expect(told).toEqual([]);
  });

  it("is watched again when the gateway is back", async () => {
    const told = await watchWhile(async () => {
      await until("it is watched", () => watchers() === 1);
      await relay.away();
      await until("it is noticed", () => watchers() === 0);
      await relay.back();
      await until("it is watched again", () => watchers() === 1);
    });
    expect(told).toEqual([]);
  });

  it("is watched otherwise when the connection breaks again and again", async () => {
    const told = await watchWhile(async (lines, count) => {
      for (let cuts = 1; cuts <= 3; cuts++) {
        await until("a report came", () => count() === cuts);
        relay.cut();
      }
      await until("another way is taken", () => lines.length === 1);
      await until("it is watched", () => watchers() === 1);
    });
    expect(told).toEqual([expect.stringContaining("by server-sent events")]);
  });

  it("is watched otherwise when no WebSocket is ever answered", async () => {
    relay.swallowSockets(true);
    onTestFinished(() => relay.swallowSockets(false));
    // The other way has no longer to begin.
    const told = await watchWhile(
      async () => {
        await until("it is watched", () => watchers() === 1);
      },
      { startMs: 2_000 },
    );
    expect(told).toEqual([expect.stringContaining("by server-sent events")]);
  });

  it("is asked for when nothing comes any more", async () => {
    const told = await watchWhile(
      async (_, count) => {
        await until("its first report came", () => count() === 1);
        relay.mute();
      },
      { silenceMs: 100, answerMs: 2_000 },
    );
    expect(told).toEqual([]);
  });
});

describe("a scan that is watched without WebSocket", () => {
  const open = { endDate: null, verdict: null };
  const now = new Date().toISOString();

  /** A gateway whose scan is open until it was read so often. */
  async function watchOpen(reads: number, intercept: (asked: Asked) => boolean = () => false) {
    let left = reads;
    const gateway = await startPuppetGateway((asked) => {
      const { what, response } = asked;
      if (what === "Submit")
        return answerJson(response, { data: { submitScan: { scan: reportOf(1, "a", Buffer.from("bad"), open) } } });
      if (intercept(asked)) return true;
      if (what !== "ReadScan") return false;
      left -= 1;
      const rest = left > 0 ? { ...open, done: 0, startDate: now, deadline: now } : {};
      return answerJson(response, { data: { scan: reportOf(1, "a", Buffer.from("bad"), rest) } });
    });
    const told: string[] = [];
    const client = createGatewayClient(gateway.url, undefined, (line) => told.push(line), QUICK);
    const scanId = await submitBytes(client, "bad");
    const result = await watched(client.watch(scanId, new AbortController().signal)).catch((error: unknown) => error as Error);
    return { told, result, asked: gateway.asked.map(({ what }) => what) };
  }

  const POLLED = [expect.stringContaining("by server-sent events"), expect.stringContaining("it is asked for each scan")];
  const INFECTED = { last: expect.objectContaining({ verdict: "INFECTED", endDate: expect.any(String) }) };

  it("is asked for until it is final; only changes are told", async () => {
    const { told, result, asked } = await watchOpen(5);
    expect(told).toEqual(POLLED);
    expect(result).toMatchObject({ ...INFECTED, count: 2 });
    expect(asked.filter((what) => what === "ReadScan")).toHaveLength(5);
  });

  it("is asked for where events are held back, or their stream is cut before the first", async () => {
    for (const isCut of [false, true]) {
      const { told, result } = await watchOpen(2, ({ what, response }) => {
        if (what !== "Watch") return false;
        response.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n");
        if (isCut) response.destroy();
        return true;
      });
      expect(told).toEqual(POLLED);
      expect(result).toMatchObject(INFECTED);
    }
  });

  it("survives answers that are no gateway's, or are cut, while it is asked for", async () => {
    let odd = 0;
    const { result } = await watchOpen(4, ({ what, response }) => {
      if (what !== "ReadScan" || ++odd % 2 === 1) return false;
      if (odd === 2) response.writeHead(502, { "content-type": "text/html" }).end("<html>bad gateway</html>");
      else if (odd === 4) response.writeHead(200, { "content-type": "application/json" }).end('{"data":');
      else response.destroy();
      return true;
    });
    expect(result).toMatchObject(INFECTED);
  });

  it.each(["Watch", "ReadScan"])("waits where it is asked to: %s", async (hit) => {
    let isRefused = false;
    const { told, result } = await watchOpen(2, ({ what, response }) => {
      if (what !== hit || isRefused) return false;
      isRefused = true;
      return answerJson(response, { errors: [{ message: "too many" }] }, 429, { "retry-after": "0" });
    });
    expect(told).toContainEqual(expect.stringMatching(/^The gateway asks to wait 0 s \(.+\); waiting\.$/));
    expect(result).toMatchObject(INFECTED);
  });

  it("ends with the gateway's refusal, and with a sentence when it is gone", async () => {
    const refused = await watchOpen(2, ({ what, response }) =>
      what === "ReadScan" ? answerJson(response, { errors: [{ message: "this API key was revoked or has expired" }] }) : false,
    );
    expect(refused.result).toHaveProperty("message", "this API key was revoked or has expired");
    const gone = await watchOpen(2, ({ what, response }) =>
      what === "ReadScan" ? answerJson(response, { data: { scan: null } }) : false,
    );
    expect(gone.result).toHaveProperty("message", "scan 1 is not there any more");
  });
});

interface Relay {
  readonly url: string;
  /** How many WebSockets were asked for so far. */
  webSockets(): number;
  /** Ends all WebSockets. */
  cut(): void;
  /** Forwards nothing more from the gateway by the connections that are open; they stay. */
  mute(): void;
  /** Listens no more, until it is back. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** Whether what asks for a WebSocket gets no answer. */
  swallowSockets(on: boolean): void;
  close(): void;
}

/** A TCP connection to a gateway that goes wrong as the test wants it. */
async function startRelay(target: number): Promise<Relay> {
  const open = new Set<Socket>();
  const webSockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on("error", () => one.destroy()).on("close", () => (open.delete(one), other.destroy()));
    }
    near.on("data", (part) => {
      if (part.includes("Upgrade: websocket")) webSockets.add(near);
      if (!swallows || !webSockets.has(near)) far.write(part);
    });
    far.on("data", (part) => near.write(part));
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const end = (sockets: Set<Socket>) => sockets.forEach((socket) => socket.destroy());
  return {
    url: `http://127.0.0.1:${port}`,
    webSockets: () => webSockets.size,
    cut: () => end(webSockets),
    mute: () => open.forEach((socket) => socket.remotePort === target && socket.removeAllListeners("data").resume()),
    async away() {
      const closed = once(server, "close");
      server.close();
      end(open);
      await closed;
    },
    back: () => listen(port),
    swallowSockets: (on) => void (swallows = on),
    close() {
      server.close();
      end(open);
    },
  };
}
