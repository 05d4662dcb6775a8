import { open, readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { GatewayError } from "../errors.js";
import { OPEN_ROUTE } from "../http/open-route.js";

type PageHeaders = Readonly<Record<string, string>>;

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".ttf": "font/ttf",
};
/** The name of an asset changes with its content. */
const IMMUTABLE = "public, max-age=31536000, immutable";
/** Made beside each file when the pages are built; the smaller one first. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/** Serves the files below `folder`/assets at `/<path>assets/`, precompressed to those who take them so. */
export async function serveAssets(app: FastifyInstance, path: string, folder: string, headers: PageHeaders): Promise<void> {
  const assets = new Set(await ifExists(readdir(join(folder, "assets"))));
  app.get<{ Params: { name: string } }>(
    `/${path}assets/:name`,
    OPEN_ROUTE,
    async ({ params: { name }, headers: asked }, reply) => {
      const type = TYPES[extname(name)];
      if (!assets.has(name) || type === undefined) throw new GatewayError("NOT_FOUND", "there is no such file");
      const [encoding, ending] = encodingOf(asked["accept-encoding"], (packed) => assets.has(name + packed));
      // The pages may have been built anew since the gateway started.
      const file = await ifExists(open(join(folder, "assets", name + ending)));
      if (file === undefined)
        throw new GatewayError("NOT_FOUND", "this file was replaced; restart the gateway to serve the new pages");
      void reply.type(type).headers({ ...headers, "cache-control": IMMUTABLE, vary: "accept-encoding" });
      if (encoding !== undefined) void reply.header("content-encoding", encoding);
      return reply.send(file.createReadStream());
    },
  );
}

/** The best encoding that the client takes and that there is, with the ending of its file. */
function encodingOf(accepted: string | string[] | undefined, has: (ending: string) => boolean) {
  const taken = new Set(
    String(accepted ?? "")
      .split(",")
      .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
      .map((entry) => entry.split(";", 1)[0]?.trim().toLowerCase()),
  );
  return ENCODINGS.find(([encoding, ending]) => taken.has(encoding) && has(ending)) ?? ([undefined, ""] as const);
}

/** A page that was built, or undefined where it was not. */
export async function readPage(folder: string): Promise<Buffer | undefined> {
  return ifExists(readFile(join(folder, "index.html")));
}

/** The result of a read, or undefined if the file or folder does not exist. */
async function ifExists<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
