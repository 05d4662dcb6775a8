import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { GRAPHIQL_HEADERS } from "../http/content-policy.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { GatewayError } from "../errors.js";

const FOLDER = projectPath("gateway", "public", "graphiql");
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".ttf": "font/ttf",
};
/** The name of an asset changes with its content. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** GraphiQL, as built by standalone/build-pages.mjs. It loads nothing from other hosts. */
export async function graphiqlRoutes(app: FastifyInstance): Promise<void> {
  const page = await ifExists(readFile(join(FOLDER, "index.html")));
  const assets = new Set(await ifExists(readdir(join(FOLDER, "assets"))));

  // The page's addresses are relative to its folder.
  app.get("/graphiql", OPEN_ROUTE, (_request, reply) => reply.redirect("graphiql/"));
  app.get("/graphiql/", OPEN_ROUTE, (_request, reply) => {
    if (page === undefined) throw new GatewayError("NOT_FOUND", "GraphiQL is not built here: npm run build makes it");
    return reply.type("text/html; charset=utf-8").headers(GRAPHIQL_HEADERS).send(page);
  });
  app.get<{ Params: { name: string } }>("/graphiql/assets/:name", OPEN_ROUTE, ({ params: { name } }, reply) => {
    if (!assets.has(name)) throw new GatewayError("NOT_FOUND", "there is no such file");
    void reply
      .type(TYPES[extname(name)] ?? "application/octet-stream")
      .headers({ ...GRAPHIQL_HEADERS, "cache-control": IMMUTABLE });
    return reply.send(createReadStream(join(FOLDER, "assets", name)));
  });
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
