import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { GRAPHIQL_HEADERS } from "../http/content-policy.js";
import { GatewayError } from "../errors.js";

const FOLDER = projectPath("gateway", "public", "graphiql");
const OPEN = { config: { needs: "open" } } as const;
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".ttf": "font/ttf",
};
/** The name of a file changes with what is in it. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** GraphiQL, from this gateway alone: standalone/build-pages.mjs makes it. */
export async function graphiqlRoutes(app: FastifyInstance): Promise<void> {
  const page = await made(readFile(join(FOLDER, "index.html")));
  const assets = new Set(await made(readdir(join(FOLDER, "assets"))));

  for (const url of ["/graphiql", "/graphiql/"]) {
    app.get(url, OPEN, (_request, reply) => {
      if (page === undefined) throw new GatewayError("NOT_FOUND", "GraphiQL is not built here: npm run build makes it");
      return reply.type("text/html; charset=utf-8").headers(GRAPHIQL_HEADERS).send(page);
    });
  }
  app.get<{ Params: { name: string } }>("/graphiql/assets/:name", OPEN, ({ params: { name } }, reply) => {
    if (!assets.has(name)) throw new GatewayError("NOT_FOUND", "there is no such file");
    void reply
      .type(TYPES[extname(name)] ?? "application/octet-stream")
      .headers({ ...GRAPHIQL_HEADERS, "cache-control": FOR_EVER });
    return reply.send(createReadStream(join(FOLDER, "assets", name)));
  });
}

/** What was read, or undefined if there is no such thing. */
async function made<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
