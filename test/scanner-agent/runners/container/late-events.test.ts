/** Why a command of a container ended, where Docker tells it later than the end. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Failed } from "../../../../scanner-agent/contract.js";
import type { DockerDaemon } from "../../../../scanner-agent/runners/container/docker.js";
import { watchEvents } from "../../../../scanner-agent/runners/container/events.js";
import type { ContainerEngine, Recipe } from "../../../../scanner-agent/runners/container/recipe.js";
import { startWarmContainer } from "../../../../scanner-agent/runners/container/warm-container.js";

const KILLED = "137";
const log = pino({ level: "silent" });

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-late-events-"))));
afterAll(() => rm(folder, { recursive: true }));

/** A daemon with one container, which goes on whatever its commands do. */
async function fakeContainer() {
  const events = new PassThrough();
  const say = (Action: string, Attributes: Record<string, string> = {}) =>
    events.write(`${JSON.stringify({ Action, Actor: { ID: "c", Attributes } })}\n`);
  let shown: () => void = () => undefined;
  const whenShown = new Promise<void>((resolve) => (shown = resolve));
  const container = {
    id: "c",
    start: () => Promise.resolve(),
    top: () => Promise.resolve({ Processes: [["1"]] }),
    inspect: () => Promise.resolve({ State: { Running: true, OOMKilled: false } }),
    exec: () =>
      Promise.resolve({
        id: "e",
        start: () => {
          const stream = new PassThrough();
          stream.end();
          say("exec_die", { execID: "e", exitCode: KILLED });
          shown();
          return Promise.resolve(stream);
        },
      }),
  };
  const daemon = {
    ask: (_: string, call: (docker: object, signal: AbortSignal) => unknown) =>
      Promise.resolve(call({ getEvents: () => events }, AbortSignal.timeout(60_000))),
    ping: () => Promise.resolve(),
  } as unknown as DockerDaemon;
  const watched = await watchEvents(daemon, { mesh: "m", agent: "a" }, log);
  const host = { daemon, remove: () => Promise.resolve() };
  const docker = { events: watched, program: { mount: {} } };
  const engine = { host, log, run: { relax: [], limits: { memory: 1_000, output: 1_000 } } } as unknown as ContainerEngine;
  const recipe = { docker, folder, create: () => Promise.resolve(container) } as unknown as Recipe;
  return { warm: await startWarmContainer(engine, recipe, "0"), say, whenShown };
}

test("that a command had no memory any more is told after its end", async () => {
  const { warm, say, whenShown } = await fakeContainer();
  const tell = async () => {
    await whenShown;
    // Its end has been noticed by then.
    await pause(100);
    say("oom");
  };
  const running = warm.run(["x"], { timeoutMs: 60_000, signal: AbortSignal.timeout(60_000) });
  await Promise.all([expect(running).rejects.toThrow(new Failed("ran out of memory (1000 bytes)")), tell()]);
});
