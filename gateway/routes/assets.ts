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
/** Assets can be cached forever, because their names change with their content. */
const IMMUTABLE = "public, max-age=31536000, immutable";
/** Compressed files are made next to each file at build time; the smaller format comes first. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/** Serves the files in `folder`/assets at `/<path>assets/`, precompressed if the client accepts that. */
export async function serveAssets(app: FastifyInstance, path: string, folder: string, headers: PageHeaders): Promise<void> {
  const assets = new Set(await ifExists(readdir(join(folder, "assets"))));
  app.get<{ Params: { name: string } }>(
    `/${path}assets/:name`,
    OPEN_ROUTE,
    async ({ params: { name }, headers: asked }, reply) => {
      const type = TYPES[extname(name)];
      if (!assets.has(name) || type === undefined) throw new GatewayError("NOT_FOUND", "there is no such file");
      const [encoding, ending] = encodingOf(asked["accept-encoding"], (packed) => assets.has(name + packed));
      // The pages may have been rebuilt since the gateway started.
      const file = await ifExists(open(join(folder, "assets", name + ending)));
      if (file === undefined)
        throw new GatewayError("NOT_FOUND", "this file was replaced; restart the gateway to serve the new pages");
      void reply.type(type).headers({ ...headers, "cache-control": IMMUTABLE, vary: "accept-encoding" });
      if (encoding !== undefined) void reply.header("content-encoding", encoding);
      return reply.send(file.createReadStream());
    },
  );
}

/** The best available encoding that the client accepts, with the ending of its file. */
function encodingOf(accepted: string | string[] | undefined, has: (ending: string) => boolean) {
  const taken = new Set(
    String(accepted ?? "")
      .split(",")
      .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
      .map((entry) => entry.split(";", 1)[0]?.trim().toLowerCase()),
  );
  return ENCODINGS.find(([encoding, ending]) => taken.has(encoding) && has(ending)) ?? ([undefined, ""] as const);
}

/** The built page; undefined if it was not built. */
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
