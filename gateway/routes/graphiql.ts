import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { GRAPHIQL_HEADERS } from "../http/content-policy.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { GatewayError } from "../errors.js";
import { readPage, serveAssets } from "./assets.js";

const FOLDER = projectPath("gateway", "public", "graphiql");

/** GraphiQL, built by standalone/build-pages.mjs. It loads nothing from other hosts. */
export async function graphiqlRoutes(app: FastifyInstance): Promise<void> {
  const page = await readPage(FOLDER);

  // The page's URLs are relative to its folder.
  app.get("/graphiql", OPEN_ROUTE, (_request, reply) => reply.redirect("graphiql/"));
  app.get("/graphiql/", OPEN_ROUTE, (_request, reply) => {
    if (page === undefined) throw new GatewayError("NOT_FOUND", "GraphiQL is not built here: npm run build makes it");
    return reply.type("text/html; charset=utf-8").headers(GRAPHIQL_HEADERS).send(page);
  });
  await serveAssets(app, "graphiql/", FOLDER, GRAPHIQL_HEADERS);
}
