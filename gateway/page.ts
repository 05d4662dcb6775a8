import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { projectPath } from "../schema/paths.js";

const FILES = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
  "/page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
} as const;

/** The page loads nothing from outside, runs no inline script and cannot be framed. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** An operator's first view of the mesh: a few static files that use the API from its own origin. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  for (const [url, { file, type }] of Object.entries(FILES)) {
    const content = await readFile(projectPath("gateway", "page", file));
    app.get(url, (_request, reply) =>
      reply
        .type(type)
        .headers({ "content-security-policy": POLICY, "referrer-policy": "no-referrer", "cache-control": "no-cache" })
        .send(content),
    );
  }
}
