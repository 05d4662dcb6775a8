/** How bundles are uploaded: anyone with the URL that `createBundle` issued, or a fetcher with its job, sends files and then publishes. */

import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { BundleContent, BUNDLES_PATH } from "../../schema/bundle-upload.js";
import { exportBundle } from "../bundles/export.js";
import { publishBundle } from "../bundles/publish.js";
import { readUploadState, receiveFile } from "../bundles/receive-file.js";
import { readUpload } from "../bundles/uploads.js";
import { GatewayError } from "../errors.js";
import { withinTime } from "../http/body-time.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { acceptAnyBody, announcedLength } from "../http/request-body.js";
import { createTurns } from "../http/turns.js";
import { makeRuleset } from "../rulesets/create.js";
import type { ScanContext } from "../scan/context.js";

/** Enough for 5,000 files with long names. */
const CONTENT_BYTES = 4 * 1024 * 1024;

export async function bundleRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  await app.register(async (part) => fileRoutes(part, ctx));
  await app.register(async (part) => publishRoutes(part, ctx));
}

async function fileRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  const turns = createTurns();
  acceptAnyBody(app);
  app.put<{ Params: { token: string; sha256: string } }>(`${BUNDLES_PATH}/:token/:sha256`, OPEN_ROUTE, async (request, reply) => {
    const { token, sha256 } = request.params;
    const { raw } = request;
    // Only one upload of a file at a time, since two would write the same chunks.
    const turn = await turns.take(sha256);
    try {
      const announced = raw.headers["content-length"] === undefined ? undefined : announcedLength(raw);
      const bytes = turn.watch(raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>);
      const file = await receiveFile(ctx, token, { sha256, announced, bytes: untilAborted(bytes, turn.signal) });
      return await reply.status(201).send(file);
    } finally {
      turn.end();
    }
  });
}

async function* untilAborted(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    signal.throwIfAborted();
    yield piece;
  }
  signal.throwIfAborted();
}

async function publishRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  app.addContentTypeParser("application/json", { parseAs: "string" }, app.getDefaultJsonParser("ignore", "ignore"));
  app.addHook("preParsing", async (_request, _reply, payload) => withinTime(payload as Readable));
  const url = `${BUNDLES_PATH}/:token`;
  app.get<{ Params: { token: string } }>(url, OPEN_ROUTE, async ({ params }) => readUploadState(ctx, params.token));
  const whole = { config: { needs: "admin" }, exposeHeadRoute: false } as const;
  app.get<{ Params: { digest: string } }>(`${BUNDLES_PATH}/export/:digest`, whole, async ({ params, caller }, reply) => {
    const { name, size, stream } = await exportBundle(ctx, caller, params.digest);
    return reply
      .type("application/x-tar")
      .headers({ "content-length": size, "content-disposition": `attachment; filename="${name}"`, "cache-control": "no-store" })
      .send(stream);
  });
  const route = { ...OPEN_ROUTE, bodyLimit: CONTENT_BYTES };
  app.post<{ Params: { token: string } }>(url, route, async ({ params, caller, body }) => {
    const { data, error } = BundleContent.safeParse(body);
    if (error) throw new GatewayError("BAD_INPUT", z.prettifyError(error));
    const upload = await readUpload(ctx.db, params.token);
    if (upload.rulesetComment !== null) return makeRuleset(ctx, caller, params.token, data);
    return publishBundle(ctx, caller, params.token, data);
  });
}
