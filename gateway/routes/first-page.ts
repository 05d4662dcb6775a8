import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { PAGE_HEADERS } from "../http/content-policy.js";

const FILES = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
  "/page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
} as const;

/** The page for operators at `/`: static files that use the API of this gateway. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  for (const [url, { file, type }] of Object.entries(FILES)) {
    const content = await readFile(projectPath("gateway", "page", file));
    app.get(url, { config: { needs: "open" } }, (_request, reply) => reply.type(type).headers(PAGE_HEADERS).send(content));
  }
}
