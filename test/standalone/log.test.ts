import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLog, pickError } from "../../standalone/log.js";
import { temporaryFolder } from "./temporary-folder.js";

test.each([
  [
    "Postgres",
    ["LOG:  starting", "2026-01-01 00:00:00 UTC [7] FATAL:  no room", "LOG:  database system is shut down"],
    "no room",
  ],
  [
    "nats-server",
    ["[7] 2026/01/01 [INF] Starting", "[7] 2026/01/01 [FTL] Can't start JetStream", "bye"],
    "Can't start JetStream",
  ],
  [
    "pino",
    ['{"level":30,"msg":"hello"}', '{"level":50,"msg":"stopped","err":{"message":"no bus"}}', '{"level":30,"msg":"bye"}'],
    "stopped: no bus",
  ],
  ["Node", ["node:internal/x", "TypeError: x is not a function", "    at main.js:1"], "TypeError: x is not a function"],
  ["a log without errors", ["one", "two"], "two"],
  ["a line that was cut off", ['{"level":50,"ms'], '{"level":50,"ms'],
  ["an empty log", [], ""],
])("the complaint of %s is its last error", (_what, lines, complaint) => {
  expect(pickError(lines)).toBe(complaint);
});

test("only what was logged since the start counts", async () => {
  const file = join(await temporaryFolder(), "part.log");
  writeFileSync(file, "ERROR: of last time\n");
  const log = openLog(file);
  log.close();
  expect(log.lastError()).toBe("");
  appendFileSync(file, "ERROR: of now\n");
  expect(log.lastError()).toBe("of now");
});

test("a log that has grown large is put aside", async () => {
  const file = join(await temporaryFolder(), "part.log");
  writeFileSync(file, "");
  truncateSync(file, 11 * 1024 * 1024);
  openLog(file).close();
  expect(readFileSync(file, "utf8")).toBe("");
  expect(existsSync(`${file}.1`)).toBe(true);
});
