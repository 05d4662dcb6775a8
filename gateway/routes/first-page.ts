import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { visibleText } from "../../schema/visible-text.js";
import { PAGE_HEADERS } from "../http/content-policy.js";
import { OPEN_ROUTE } from "../http/open-route.js";

const FILES = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
  "/page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
} as const;

/** The page for operators at `/`: static files that use the API of this gateway, by addresses relative to the page. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  for (const [url, { file, type }] of Object.entries(FILES)) {
    const content = await readFile(projectPath("gateway", "page", file));
    app.get(url, OPEN_ROUTE, (_request, reply) => reply.type(type).headers(PAGE_HEADERS).send(content));
  }
  // The function that the command line uses too, by its source.
  const script = `export ${visibleText.toString()}\n`;
  app.get("/visible-text.js", { config: { needs: "open" } }, (_request, reply) =>
    reply.type(FILES["/page.js"].type).headers(PAGE_HEADERS).send(script),
  );
}
