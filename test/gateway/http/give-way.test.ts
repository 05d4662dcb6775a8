import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { fastify, type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { giveWay, trackUnanswered } from "../../../gateway/http/give-way.js";
import { until } from "../../stage/stage.js";

let app: FastifyInstance;
let answer: () => void;
let port: number;

beforeEach(async () => {
  app = fastify() as unknown as FastifyInstance;
  trackUnanswered(app);
  app.get("/slow", () => new Promise((resolve) => (answer = () => resolve("answered"))));
  app.get("/stream", (_request, reply) => {
    const endless = new Readable({ read() {} });
    endless.push("the first piece");
    return reply.send(endless);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  ({ port } = app.server.address() as AddressInfo);
});

afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
});

function ask(path: string) {
  const outgoing = request({ port, host: "127.0.0.1", path, agent: false }).end();
  outgoing.on("error", () => undefined);
  return outgoing;
}

/** Whether a piece of a stream would wait now. */
async function waits(): Promise<boolean> {
  let gone = false;
  const way = giveWay(app).then(() => (gone = true));
  await Promise.resolve();
  const waiting = !gone;
  await way;
  return waiting;
}

describe("a long stream", () => {
  it("waits for nobody while nobody waits for an answer", async () => {
    expect(await waits()).toBe(false);
  });

  it("waits while somebody waits for an answer, goes on all the same, and waits no more once it is given", async () => {
    const outgoing = ask("/slow");
    await until("the request is there", () => app.unanswered.size === 1);
    expect(await waits()).toBe(true);
    answer();
    await once(outgoing, "response");
    expect(await waits()).toBe(false);
  });

  it("does not wait for another stream", async () => {
    await once(ask("/stream"), "response");
    expect(await waits()).toBe(false);
  });

  it("does not wait for who has left", async () => {
    const outgoing = ask("/slow");
    await until("the request is there", () => app.unanswered.size === 1);
    outgoing.destroy();
    await until("it is forgotten", () => app.unanswered.size === 0);
    expect(await waits()).toBe(false);
  });
});
