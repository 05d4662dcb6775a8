import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { GatewayError } from "../errors.js";
import { PAGE_HEADERS } from "../http/content-policy.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { readPage, serveAssets } from "./assets.js";

const FOLDER = projectPath("gateway", "public", "dashboard");

/** New addresses of MultiAV2's pages, for bookmarks. */
const MOVED: Readonly<Record<string, (query: Readonly<Record<string, unknown>>) => string>> = {
  "/search": ({ q, id }) => (firstId(id) === undefined ? `scans?q=${encodeURIComponent(text(q))}` : addressOfIds(text(id))),
  "/last": () => "scans",
  "/system": () => "fleet",
  "/update": () => "updates",
  "/about": () => "status",
};

/** The dashboard at `/`, built by standalone/build-pages.mjs: static files that use this gateway's API. */
export async function dashboardRoutes(app: FastifyInstance): Promise<void> {
  const page = await readPage(FOLDER);
  app.get("/", OPEN_ROUTE, (_request, reply) => {
    if (page === undefined) throw new GatewayError("NOT_FOUND", "the dashboard is not built here: npm run build makes it");
    return reply.type("text/html; charset=utf-8").headers(PAGE_HEADERS).send(page);
  });
  await serveAssets(app, "", FOLDER, PAGE_HEADERS);
  for (const [path, target] of Object.entries(MOVED)) {
    app.get<{ Querystring: Record<string, unknown> }>(path, OPEN_ROUTE, ({ query }, reply) =>
      reply.redirect(`./#/${target(query)}`),
    );
  }
}

/** A single id leads to its report, several to the list. */
function addressOfIds(ids: string): string {
  return ids.includes(",") ? `scans?q=${encodeURIComponent(ids)}` : `scan/${firstId(ids)}`;
}

function firstId(ids: unknown): string | undefined {
  return /\d+/.exec(text(ids))?.[0];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
