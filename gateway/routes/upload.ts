import type { FastifyInstance, FastifyRequest } from "fastify";
import { GatewayError } from "../errors.js";
import { readForm } from "../http/form.js";
import { isMultipart, sampleBodyLimit, acceptAnyBody } from "../http/request-body.js";
import { createTurns, type Turn } from "../http/turns.js";
import type { ScanContext } from "../scan/context.js";
import { receiveUpload } from "../scan/uploads.js";

/** Receives the bytes of an upload that `createUpload` issued: as the body, or as the first file of a form. */
export async function uploadRoutes(app: FastifyInstance, ctx: ScanContext, turns = createTurns()): Promise<void> {
  acceptAnyBody(app);
  app.route<{ Params: { id: string } }>({
    method: ["PUT", "POST"],
    url: "/upload/:id",
    // The id is the permission to send the bytes.
    config: { needs: "open" },
    handler: async (request, reply) => {
      const { id } = request.params;
      const limit = sampleBodyLimit(request.raw, ctx.config);
      const turn = await turns.take(id.toLowerCase());
      try {
        const bytes = turn.watch(await bytesOf(request, limit, turn));
        const { sha256, md5, sha1, size } = await receiveUpload(ctx, request.caller, id, bytes, turn.signal);
        return await reply.status(201).send({ id, sha256, md5, sha1, size });
      } finally {
        turn.end();
      }
    },
  });
}

async function bytesOf({ raw }: FastifyRequest, limit: number, { heard, signal }: Turn): Promise<AsyncIterable<Uint8Array>> {
  if (!isMultipart(raw.headers)) return raw.iterator({ destroyOnReturn: false });
  // Bytes before the file also count as progress.
  raw.on("data", heard);
  const { file } = await readForm(raw, limit, { signal });
  if (!file) throw new GatewayError("BAD_INPUT", "the form has no file");
  return file.bytes;
}
