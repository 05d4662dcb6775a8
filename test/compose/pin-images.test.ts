import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../../schema/paths.js";
import { docker, hasDocker } from "../docker/base-image.js";
import { hasRegistry, startRegistry, type Registry } from "../docker/registry.js";

const execute = promisify(execFile);
const COMPOSE = "docker-compose.yml";
const DOCKERFILES = ["deploy", "scanner-agent/images/clamav", "scanner-agent/images/pescan"].map((folder) =>
  join(folder, "Dockerfile"),
);
const SCRIPT = "deploy/pin-images.mjs";

describe.skipIf(!hasDocker || !hasRegistry)("npm run pin-images", () => {
  let registry: Registry;
  let folder: string;
  const pushed = new Set<string>();
  beforeAll(async () => {
    registry = await startRegistry();
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-pin-"));
    for (const file of [COMPOSE, ...DOCKERFILES, SCRIPT]) await cp(projectPath(file), join(folder, file), { recursive: true });
  });
  afterAll(async () => {
    if (pushed.size > 0) await docker("image", "rm", "--force", ...pushed);
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  const pin = () => execute("node", [join(folder, SCRIPT)], { env: { ...process.env, SCANMESH_REGISTRY: `${registry.name}/` } });

  /** Every image of the files that comes from a registry. */
  async function references(): Promise<string[]> {
    const { services } = parse(await readFile(join(folder, COMPOSE), "utf8"), { merge: true }) as {
      services: Record<string, { image: string; build?: { args: { NODE_IMAGE: string } } }>;
    };
    const composed = Object.values(services).map(({ image, build }) => build?.args.NODE_IMAGE ?? image);
    const files = await Promise.all(DOCKERFILES.map((file) => readFile(join(folder, file), "utf8")));
    const bases = files.flatMap((text) => [...text.matchAll(/^ARG \w+=(\S+:\S+)$/gm)].map(([, image = ""]) => image));
    expect(bases).toHaveLength(DOCKERFILES.length);
    return [...new Set([...composed, ...bases].map((image) => image.replace("${SCANMESH_REGISTRY:-}", "")))];
  }

  /** Gives each tag an image of its own. */
  async function push(tags: readonly string[], content: string): Promise<void> {
    for (const tag of tags) {
      const name = `${registry.name}/${tag}`;
      const file = join(folder, "content");
      await writeFile(file, content + tag);
      await execute("sh", ["-c", `tar -C ${folder} -c content | docker import - ${name}`]);
      pushed.add(name);
      await docker("push", "--quiet", name);
    }
  }

  it("writes what the tags are now, and what they are later in its place; without an answer it changes nothing", async () => {
    const tags = (await references()).map((image) => image.replace(/@.*/, ""));
    expect(tags).toHaveLength(6);
    const before = await readFile(join(folder, COMPOSE), "utf8");
    await expect(pin()).rejects.toThrow("Nothing was changed.");
    expect(await readFile(join(folder, COMPOSE), "utf8")).toBe(before);

    const seen = new Set<string>();
    for (const content of ["first ", "second "]) {
      await push(tags, content);
      await pin();
      const pinned = await references();
      expect(pinned.map((image) => image.replace(/@.*/, ""))).toEqual(tags);
      for (const image of pinned) {
        expect(image).toMatch(/^[^@]+@sha256:[0-9a-f]{64}$/);
        await docker("pull", "--quiet", `${registry.name}/${image}`);
        seen.add(image);
        pushed.add(`${registry.name}/${image.replace(/:[^@]+@/, "@")}`);
      }
    }
    expect(seen.size).toBe(2 * tags.length);
  });
});
