import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { RESTART_STATUS } from "../../schema/lifecycle.js";
import type { Exit } from "../../standalone/guarded-server.js";
import { restartStalledNats } from "../../standalone/stalled-nats.js";
import { supervise, type Running } from "../../standalone/supervise.js";

/** A part that ends when the test says so; `lastError` is in its log. */
function part(lastError = ""): Running & { end(code?: number): void } {
  let end: (exit: Exit) => void = () => {};
  const exited = new Promise<Exit>((resolve) => (end = resolve));
  const log = { file: "part.log", fd: -1, close: () => {}, lastError: () => lastError };
  return { exited, log, end: (code = 1) => end({ code, signal: null }) };
}

function supervision(disk: { full: boolean }, starts: () => Promise<Running>) {
  const told: string[] = [];
  const parts = {
    name: "part",
    start: starts,
    hasRoom: async () => !disk.full,
    isRestarting: () => false,
    isStopping: () => false,
    tell: (line: string) => told.push(line),
  };
  return { told, parts };
}

it("a part that ended because its disk was full is started again once there is room", async () => {
  const disk = { full: true };
  const [first, second] = [part(), part("status of its own")];
  const { told, parts } = supervision(disk, async () => second);
  const over = supervise(first, parts);
  first.end();
  await expect.poll(() => told).toEqual(["The part has ended because its disk is full. It is started again once there is room."]);
  disk.full = false;
  await expect.poll(() => told[1]).toBe("The part runs again.");
  second.end();
  expect((await over)?.message).toBe("The part ended with status 1: status of its own (see part.log).");
});

it("so is one whose log says it, also if its first start fails; any other ends the mesh", async () => {
  const [first, second] = [part("PANIC: could not write: No space left on device"), part()];
  let tries = 0;
  const { parts } = supervision({ full: false }, async () => {
    tries += 1;
    if (tries === 1) throw new Error("no room yet");
    return second;
  });
  const over = supervise(first, parts);
  first.end();
  await expect.poll(() => tries).toBe(2);
  second.end();
  expect((await over)?.message).toBe("The part ended with status 1 (see part.log).");
  expect(tries).toBe(2);
});

it("one that wants to be started again is, however often, and that is no failure", async () => {
  let now = part();
  const { told, parts } = supervision({ full: false }, async () => (now = part()));
  const over = supervise(now, parts);
  for (let times = 1; times <= 12; times++) {
    now.end(RESTART_STATUS);
    await expect.poll(() => told.length).toBe(times);
  }
  now.end();
  expect((await over)?.message).toBe("The part ended with status 1 (see part.log).");
  expect(new Set(told)).toEqual(new Set(["The part runs again."]));
});

it("a nats-server that stores nothing is restarted when its disk has room, and not before", async () => {
  const server = createServer((_, response) => response.writeHead(503).end('{"status":"unavailable","nats":"stalled"}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const looks: boolean[] = [];
  let stopping = false;
  const restarted = new Promise<number>((resolve) => {
    void restartStalledNats(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      {
        isStopping: () => stopping,
        // There is room at the second look.
        hasRoom: async () => looks.push(true) === 2,
        restart: async () => {
          stopping = true;
          resolve(looks.length);
        },
      },
      10,
    );
  });
  expect(await restarted).toBe(2);
});
