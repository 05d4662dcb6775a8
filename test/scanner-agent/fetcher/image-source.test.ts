import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createImageSource } from "../../../scanner-agent/fetcher/image-source.js";
import type { Content, Source } from "../../../scanner-agent/fetcher/source.js";
import { createBundleImages } from "../../../scanner-agent/runners/container/bundle-images.js";
import { openDaemon } from "../../../scanner-agent/runners/container/docker.js";
import { NEVER_ABORTED } from "../../../scanner-agent/within.js";
import { docker, hasDocker } from "../../docker/base-image.js";
import { hasRegistry, startRegistry, type Registry } from "../../docker/registry.js";
import { testLog } from "../../stage/log.js";

const daemon = openDaemon({ host: undefined, certificates: undefined, tls: false });
const images = createBundleImages(daemon, testLog("images"));
const shown: number[] = [];
const look = { signal: NEVER_ABORTED, onBytes: (bytes: number) => void shown.push(bytes) };
const made: string[] = [];

let registry: Registry;
let folder: string;
let count = 0;

beforeAll(async () => {
  if (hasDocker && hasRegistry) registry = await startRegistry();
});
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-image-source-"))));
afterEach(async () => {
  for (const id of made.splice(0)) await docker("rmi", "--force", id).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => registry?.stop());

/** A small image of this name, unlike all others; its id. */
async function makeImage(name: string): Promise<string> {
  const content = join(folder, "content");
  await mkdir(content, { recursive: true });
  await writeFile(join(content, "word"), `${folder} ${(count += 1)}`);
  execFileSync("tar", ["-cf", join(folder, "content.tar"), "-C", content, "word"]);
  const id = await docker("import", join(folder, "content.tar"), name);
  made.push(id);
  return id;
}

/** The same in the registry alone; the digest. */
async function pushImage(name: string): Promise<{ id: string; digest: string }> {
  const id = await makeImage(name);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker("push", name))?.[1] ?? "";
  await docker("rmi", "--force", id);
  return { id, digest };
}

function sourceOf(reference: string, { save = false, free = 1024 ** 3 } = {}): Source {
  const kept = join(folder, "fetched");
  const readFree = () => Promise.resolve(free);
  return createImageSource({
    engine: "E",
    set: "main",
    everyMs: undefined,
    reference,
    save,
    folder: kept,
    daemon,
    log: testLog("source"),
    readFree,
  });
}

/** Brings an image to a host that does not have it, as hosts do with what a bundle says. */
async function bring({ image, files }: Content): Promise<boolean> {
  if (image === null) throw new Error("there is no image");
  await docker("rmi", "--force", image.id);
  const wanted = { ...image, file: files[0]?.file ?? null };
  expect(await images.has(wanted)).toBe(false);
  await images.load(wanted);
  return images.has(wanted);
}

describe.skipIf(!hasDocker || !hasRegistry)("the image of an engine", () => {
  test("that a registry has is named by its digest, hosts pull it, and what the registry has later is another", async () => {
    const reference = `${registry.name}/test/engine:latest`;
    const first = await pushImage(reference);
    const content = await sourceOf(reference).fetch(look);
    expect(content).toMatchObject({ files: [], image: { reference, ...first }, version: null, date: expect.any(Date) as Date });
    const second = await pushImage(reference);
    expect(await bring(content), "the tag names another one by now").toBe(true);
    expect(await sourceOf(reference).fetch(look)).toMatchObject({ image: { reference, ...second } });
  });

  test("is saved if it is to be, once, and hosts load it without a registry", async () => {
    const reference = `${registry.name}/test/saved`;
    const { id, digest } = await pushImage(`${reference}:latest`);
    const source = sourceOf(reference, { save: true });
    const content = await source.fetch(look);
    expect(content).toMatchObject({ files: [{ path: "image.tar" }], image: { reference, id, digest } });
    const file = content.files[0]?.file ?? "";
    const { mtimeMs, size } = await stat(file);
    expect([content.files[0]?.size, shown.at(-1)]).toEqual([size, size]);
    await source.fetch(look);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
    expect(await bring(content)).toBe(true);
    await pushImage(`${reference}:latest`);
    await expect(sourceOf(reference, { save: true, free: 0 }).fetch(look)).rejects.toThrow(
      "There is no room for what is to be fetched",
    );
  });

  test("that was built on this host, and no registry has, is saved", async () => {
    for (const reference of ["localhost/scanmesh-test/built", `${registry.name}/test/built`]) {
      const id = await makeImage(reference);
      const content = await sourceOf(reference).fetch(look);
      expect(content).toMatchObject({ files: [{ path: "image.tar" }], image: { reference, id, digest: null } });
      expect(await bring(content)).toBe(true);
    }
  });

  test("that is nowhere, or that no registry gives, is told in a sentence", async () => {
    await expect(sourceOf("localhost/scanmesh-test/nowhere").fetch(look)).rejects.toThrow(
      "is not on the Docker host of this fetcher",
    );
    const gone = `${registry.name}/test/gone`;
    await expect(sourceOf(gone).fetch(look)).rejects.toThrow(`Cannot pull the image ${gone}`);
  });
});
