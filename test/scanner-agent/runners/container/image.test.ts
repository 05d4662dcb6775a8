import { Writable } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findImage } from "../../../../scanner-agent/runners/container/image.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { hasRegistry, startRegistry, type Registry } from "../../../docker/registry.js";
import { containerCase, type ContainerCase } from "./case.js";

let here: ContainerCase;
let registry: Registry;
let digest: string;
let id: string;
let image: string;

beforeAll(async () => {
  if (!hasDocker || !hasRegistry) return;
  here = await containerCase();
  registry = await startRegistry();
  // The agent's own image is at hand, and small.
  const { program } = await here.host.prepare();
  image = `${registry.name}/test/engine`;
  await docker("tag", program.image, `${image}:1`);
  id = await docker("image", "inspect", "--format", "{{.Id}}", `${image}:1`);
  digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker("push", `${image}:1`))?.[1] ?? "";
  await docker("rmi", `${image}:1`);
});
afterAll(async () => {
  for (const name of await remaining()) await docker("rmi", "--force", name);
  await here?.stop();
  await registry?.stop();
});

/** By its tag it may be gone; by its digest it stays after a tag was removed. */
async function remaining(): Promise<string[]> {
  if (registry === undefined) return [];
  const rows = (await docker("images", "--digests", "--format", "{{.Tag}} {{.Digest}}", image)).split("\n");
  return rows
    .map((row) => row.split(" "))
    .flatMap(([tag, found]) => [
      ...(tag === "1" ? [`${image}:1`] : []),
      ...(found?.startsWith("sha256:") ? [`${image}@${found}`] : []),
    ]);
}

function listening(): { log: pino.Logger; said: () => string } {
  let text = "";
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { log: pino(sink), said: () => text };
}

describe.skipIf(!hasDocker || !hasRegistry)("an image", () => {
  test("that is not there is pulled, and known by its id and its digest", async () => {
    const { log, said } = listening();
    expect(await findImage(here.host.daemon, `${image}:1`, log)).toEqual({ id, digest });
    expect(said()).toContain('"msg":"Pulled an image"');
  });

  test("that is there is not pulled again", async () => {
    const { log, said } = listening();
    expect(await findImage(here.host.daemon, `${image}:1`, log)).toEqual({ id, digest });
    expect(said()).toBe("");
  });

  test("is pulled by its digest", async () => {
    await docker("rmi", `${image}:1`);
    expect(await findImage(here.host.daemon, `${image}@${digest}`, listening().log)).toEqual({ id, digest });
  });

  test("that was made here has an id and no digest", async () => {
    const base = await baseImage();
    expect(await findImage(here.host.daemon, base, listening().log)).toEqual({
      id: expect.stringMatching(/^sha256:/) as string,
      digest: null,
    });
  });

  test.each([
    ["its registry does not have", () => `${image}:2`, "manifest"],
    ["of a registry that does not answer", () => "127.0.0.1:1/engine", "connection refused"],
  ])("%s is said in one line", async (_, name, reason) => {
    const found = findImage(here.host.daemon, name(), listening().log);
    await expect(found).rejects.toThrow(`cannot pull the image ${name()}: `);
    await expect(found).rejects.toThrow(reason);
    expect(String(await found.catch((error: Error) => error.message)).split("\n")).toHaveLength(1);
  });
});
