import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BundleError, SourceAway } from "../../../../scanner-agent/bundles/bundle-error.js";
import { openDaemon } from "../../../../scanner-agent/runners/container/docker.js";
import { createBundleImages } from "../../../../scanner-agent/runners/container/bundle-images.js";
import { docker, hasDocker } from "../../../docker/base-image.js";
import { testLog } from "../../../stage/log.js";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-saved-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A registry that answers everything so; Docker takes those of this machine without TLS. */
async function startRegistry(status: number, code: string) {
  const server = createServer((request, response) => {
    if (request.url === "/v2/") return void response.writeHead(200).end("{}");
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ code, message: code }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { port, stop };
}

describe.skipIf(!hasDocker)("the image of a bundle", () => {
  const pulledFrom = (port: number) =>
    createBundleImages(openDaemon({ host: undefined, certificates: undefined, tls: false }), testLog("images")).load({
      reference: `127.0.0.1:${port}/engine:1`,
      id: `sha256:${"0".repeat(64)}`,
      digest: `sha256:${"1".repeat(64)}`,
      file: null,
    });

  test("is waited for while its registry is away, and not if that has no such image", async () => {
    const [broken, without] = [await startRegistry(503, "UNAVAILABLE"), await startRegistry(404, "MANIFEST_UNKNOWN")];
    const gone = await startRegistry(404, "MANIFEST_UNKNOWN");
    await gone.stop();
    await expect(pulledFrom(broken.port)).rejects.toThrow(SourceAway);
    await expect(pulledFrom(gone.port)).rejects.toThrow(SourceAway);
    await expect(pulledFrom(without.port)).rejects.toThrow(BundleError);
    await Promise.all([broken.stop(), without.stop()]);
  });

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
