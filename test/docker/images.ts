/** Images made on the spot from a folder with a Dockerfile and the base image, and again only when what they are made from changes. */

import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../schema/paths.js";
import { baseImage, buildOnce, docker } from "./base-image.js";

/** Stands before the names of all images of the tests. */
export const REGISTRY = "scanmesh-test/";
/** The manifest of an engine that is the image of the malice contract. */
export const STAND_IN = `name: StandIn
type: AV
speed: FAST
internet: false
timeout: 60s
slots: 1
output: malice
run:
  container:
    image: ${REGISTRY}malice
    mode: exec
    command: [/bin/avscan, --timeout, "15", "{file}"]
    version: [/bin/avscan, --version]
    limits: { memory: 128MiB }
`;
const RECIPE = "scanmesh-test.recipe";

/** What goes into the build beside the folder. */
export interface Addition {
  /** Tells one making from another. */
  readonly version: string;
  /** Puts files into a copy of the folder; the answer is further words for the build. */
  readonly add: (context: string) => Promise<readonly string[]>;
}

/** An image of the malice contract. */
export const maliceImage = (): Promise<string> => makeImage("malice", projectPath("test", "docker", "malice"));

/** An image that comes with the product. */
export const productImage = (name: "clamav" | "pescan"): Promise<string> =>
  makeImage(name, projectPath("scanner-agent", "images", name));

interface Build {
  readonly tag: string;
  readonly base: string;
  readonly recipe: string;
  readonly folder: string;
  readonly addition: Addition | undefined;
}

/** The image's name. */
export async function makeImage(name: string, folder: string, addition?: Addition): Promise<string> {
  const tag = `${REGISTRY}${name}`;
  const base = await baseImage();
  const recipe = await recipeOf(folder, `${tag} ${base} ${addition?.version ?? ""}`);
  await buildOnce(
    tag,
    async () => (await recipeIn(tag)) === recipe,
    () => build({ tag, base, recipe, folder, addition }),
  );
  return tag;
}

async function build({ tag, base, recipe, folder, addition }: Build): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "scanmesh-test-image-"));
  try {
    await cp(folder, context, { recursive: true });
    const words = (await addition?.add(context)) ?? [];
    const label = ["--label", `${RECIPE}=${recipe}`];
    await docker("build", "--quiet", "--build-arg", `BASE=${base}`, ...words, ...label, "--tag", tag, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function recipeOf(folder: string, salt: string): Promise<string> {
  const hash = createHash("sha256").update(salt);
  for (const file of (await readdir(folder)).toSorted()) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}

async function recipeIn(tag: string): Promise<string | undefined> {
  const ids = await docker("image", "ls", "--quiet", tag);
  return ids === "" ? undefined : await docker("image", "inspect", "--format", `{{index .Config.Labels "${RECIPE}"}}`, tag);
}
