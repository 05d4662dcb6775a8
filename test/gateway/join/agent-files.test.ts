import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { GatewayConfig } from "../../../gateway/config.js";
import { createAgentFiles } from "../../../gateway/join/agent-files.js";
import { testLog } from "../../stage/log.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-agent-files-"));
});

afterAll(() => rm(folder, { recursive: true }));

const filesWith = (agentImageFile: string) =>
  createAgentFiles({ packagesFolder: folder, agentImageFile } as GatewayConfig, testLog("agent-files"));

it("an image that is not there, not a file, or still empty is none", async () => {
  const empty = join(folder, "empty.tar.gz");
  await writeFile(empty, "");
  for (const path of [folder, empty, join(folder, "none.tar"), join(empty, "below.tar")])
    expect(await filesWith(path).findImage()).toBeUndefined();
});

it("an image is told with its size and hash, anew when it is written anew", async () => {
  const path = join(folder, "agent.tar.gz");
  await writeFile(path, "one");
  const files = filesWith(path);
  expect(await files.findImage()).toMatchObject({ path, bytes: 3, name: expect.stringMatching(/^image-.*\.tar\.gz$/) as string });
  await writeFile(path, "another");
  expect(await files.findImage()).toMatchObject({ bytes: 7 });
});
