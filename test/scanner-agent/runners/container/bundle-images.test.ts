import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDaemon } from "../../../../scanner-agent/runners/container/docker.js";
import { createBundleImages } from "../../../../scanner-agent/runners/container/bundle-images.js";
import { docker, hasDocker } from "../../../docker/base-image.js";
import { testLog } from "../../../stage/log.js";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-saved-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!hasDocker)("the image of a bundle", () => {
  test("is loaded from its file, and refused if that is damaged or has another image in it", async () => {
    const images = createBundleImages(openDaemon({ host: undefined, certificates: undefined, tls: false }), testLog("images"));
    const [content, saved, damaged] = ["content.tar", "saved.tar", "damaged.tar"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(join(folder, "word"), `of ${folder}`);
    execFileSync("tar", ["-cf", content, "-C", folder, "word"]);
    const id = await docker("import", content);
    await docker("save", "--output", saved, id);
    await docker("rmi", id);
    await writeFile(damaged, "no image");
    const image = (file: string | null, of = id) => ({ reference: "localhost/saved", id: of, digest: null, file });
    try {
      expect(await images.has(image(saved))).toBe(false);
      await expect(images.load(image(null))).rejects.toThrow("has no file in its bundle, and no registry knows it");
      await expect(images.load(image(damaged))).rejects.toThrow(/its image localhost\/saved/);
      await expect(images.load(image(saved, `sha256:${"0".repeat(64)}`))).rejects.toThrow(
        "is another image than the bundle names",
      );
      await images.load(image(saved));
      expect(await images.has(image(saved))).toBe(true);
    } finally {
      await docker("rmi", "--force", id);
    }
  });
});
