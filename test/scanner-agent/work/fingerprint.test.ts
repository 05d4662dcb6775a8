import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { createProcessRunner } from "../../../scanner-agent/runners/process/process.js";
import { inspectorVersion } from "../../../scanner-agent/inspect/inspector.js";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));
let folder: string;
let script: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-fingerprint-"));
  script = join(folder, "scan.sh");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Puts a script under the engine's name, as an editor does. */
async function edit(body: string): Promise<void> {
  const text = `#!/bin/sh\n${body}\ngrep -q EICAR- "$1" && found=true\nprintf '{"x":{"infected":%s,"engine":"1"}}' "\${found:-false}"\n`;
  await writeFile(`${script}.new`, text, { mode: 0o755 });
  await rename(`${script}.new`, script);
}

function engine(): EngineParts {
  const command = [script, "{file}"];
  const runner = createProcessRunner({ command, detect: script, version: undefined, folder, programPath: "" });
  return {
    ...puppet("Script", () => Promise.reject(new Error("unused")), { manifest: { type: "AV" }, slots: 1 }),
    parse: parseMalice,
    runners: [runner],
  };
}

async function scan(of: EngineParts, text: string) {
  const request = requestOf(await stage.store(Buffer.from(text)), ["Script"]);
  await stage.request(of.manifest, request);
  return stage.answer("Script", request.scan);
}

test("results carry what the agent announces, from an edit of the script on another", async () => {
  await edit(": one");
  const script1 = engine();
  const { config } = await agentWith(script1);
  const announced = async () => (await stage.presence(config.agent))?.engines[0]?.fingerprint;
  const first = await scan(script1, "one");
  expect(first).toMatchObject({ state: "DONE", verdict: "CLEAN", inspector: inspectorVersion() });
  expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect((await scan(script1, "two")).fingerprint).toBe(first.fingerprint);
  await until("it is announced", async () => (await announced()) === first.fingerprint);
  await edit(": two");
  const second = await scan(script1, "three");
  expect(second.fingerprint).not.toBe(first.fingerprint);
  expect(second.fingerprint).toBeDefined();
  await until("the other one is announced", async () => (await announced()) === second.fingerprint);
});

test("a result has none if the script was edited while it ran", async () => {
  const [began, go] = [join(folder, "began"), join(folder, "go")];
  await edit(
    `here=$(dirname "$0"); if grep -q wait "$1"; then : > "$here/began"; until [ -e "$here/go" ]; do sleep 0.05; done; fi`,
  );
  const edited = engine();
  await agentWith(edited);
  const answer = scan(edited, "wait");
  await until("it runs", async () => existsSync(began));
  await edit(": later");
  await writeFile(go, "");
  expect(await answer).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  expect((await answer).fingerprint).toBeUndefined();
  expect((await scan(edited, "next")).fingerprint).toBeDefined();
});
