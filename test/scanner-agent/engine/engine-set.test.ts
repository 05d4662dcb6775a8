import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { createEngineSet, listEngines } from "../../../scanner-agent/engine/engine-set.js";
import { createContainerHost } from "../../../scanner-agent/runners/container/host.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-engine-set-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const log = pino({ level: "silent" });
/** The engines of an agent with these settings; nothing of them is started. */
async function running(env: Record<string, string>) {
  const config = readAgentConfig(env);
  const containers = createContainerHost({ ...config, mesh: "test", folder, log });
  return (await createEngineSet(config, { folder, containers, version: "1", log })).parts;
}
const names = async (env: Record<string, string>) => (await running(env)).map(({ manifest }) => manifest.name);

describe("an agent", () => {
  test("announces no engine that is off by default", async () => {
    expect(await names({})).toEqual(["ClamAV", "FileInfo", "Yara"]);
  });

  test("runs those of its own class that its host has turned on", async () => {
    const file = join(folder, "engines.yaml");
    await writeFile(file, "engines:\n  NSRL: on\n  Sophos: { slots: 7 }\n");
    expect(await names({ SCANMESH_ENGINES_FILE: file })).toEqual(["ClamAV", "FileInfo", "Sophos", "Yara"]);
    expect(await names({ SCANMESH_ENGINES_FILE: file, SCANMESH_CLASS: "internet" })).toEqual(["NSRL"]);
    expect((await running({ SCANMESH_ENGINES_FILE: file })).find(({ manifest }) => manifest.name === "Sophos")?.slots).toBe(7);
  });

  test("may have none until its host turns one on", async () => {
    expect(await names({ SCANMESH_CLASS: "internet" })).toEqual([]);
  });

  test.each([
    ["names that nobody has", { SCANMESH_ENGINES: "nothing" }, "SCANMESH_ENGINES: there is no engine nothing"],
    ["names of the other class", { SCANMESH_ENGINES: "NSRL" }, "there is no engine of class isolated to run here"],
    ["a file that is not there", { SCANMESH_ENGINES_FILE: "/no/such/file" }, "SCANMESH_ENGINES_FILE: "],
  ])("does not start with %s alone", async (_, env, sentence) => {
    await expect(running(env as unknown as Record<string, string>)).rejects.toThrow(sentence);
  });

  test("does not start with a file of engines that is none", async () => {
    const file = join(folder, "broken.yaml");
    await writeFile(file, "engines:\n  - Yara\n");
    await expect(running({ SCANMESH_ENGINES_FILE: file })).rejects.toThrow(`${file}:1: engines: `);
  });
});

test("every engine is known with the reason why it does not run", async () => {
  const { engines } = await listEngines(readAgentConfig({}));
  expect(engines).toHaveLength(22);
  expect(engines.filter(({ off }) => off !== null && off.cause !== "DEFAULT")).toEqual([]);
});
