/**
 * `npm run pin-images`: asks the registry for the digest that each image's tag has now, and writes it behind the tag wherever a file of
 * the project names the image. SCANMESH_REGISTRY stands before the names, as in compose.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** A name with its tag, and the digest if it has one, as compose's files and the ARG lines of Dockerfiles have them. */
const REFERENCE = /(\$\{SCANMESH_REGISTRY:-\}|^ARG (?:BASE|NODE_IMAGE)=)([\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?/gm;
const FILES = [
  "docker-compose.yml",
  "deploy/Dockerfile",
  "scanner-agent/images/clamav/Dockerfile",
  "scanner-agent/images/pescan/Dockerfile",
];

/** Docker says the digest of the tag itself: for an image of several platforms that of their list. */
function digestOf(image) {
  const reference = `${process.env.SCANMESH_REGISTRY ?? ""}${image}`;
  const said = execFileSync("docker", ["pull", reference], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const digest = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(said)?.[1];
  if (digest === undefined) throw new Error(`docker pull ${reference} says no digest`);
  return digest;
}

const texts = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const images = new Set([...texts.values()].flatMap((text) => [...text.matchAll(REFERENCE)].map(([, , image]) => image)));
try {
  // Nothing is written unless all are known.
  const digests = new Map([...images].map((image) => [image, digestOf(image)]));
  for (const [file, text] of texts) {
    writeFileSync(
      join(ROOT, file),
      text.replaceAll(REFERENCE, (_, before, image) => `${before}${image}@${digests.get(image)}`),
    );
  }
  for (const [image, digest] of digests) process.stdout.write(`${image}@${digest}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\nNothing was changed.\n`);
  process.exitCode = 1;
}
