import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LIMITS, noFence } from "../../../../scanner-agent/runners/process/fence.js";
import { startFencedNode } from "../../../../scanner-agent/runners/process/fenced-node.js";
import { testLog } from "../../../stage/log.js";

const ENDLESS = join("test", "scanner-agent", "runners", "process", "endless-process.mjs");

test("a process whose message is larger than it may be is ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-node-"));
  const program = {
    name: "endless",
    folder,
    programPath: "",
    flags: [],
    program: ENDLESS,
    reads: [],
    limits: LIMITS,
    maxMessage: 1024 ** 2,
  };
  const node = await startFencedNode(noFence, program, testLog("endless"));
  expect(node.greeting).toBe("ready");
  const messages: unknown[] = [];
  node.onMessage((message) => messages.push(message));
  node.send("begin");
  expect(await node.ended).toBe("its process ended (SIGKILL: it answers nonsense: a message is larger than 1048576 bytes)");
  expect(messages).toEqual([]);
  await node.stop();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
