import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GatewayConfig } from "./config.js";
import { GatewayError } from "./errors.js";
import { isMultipart, readForm } from "./multipart.js";
import type { ScanContext } from "./scan/context.js";
import { receiveUpload } from "./scan/uploads.js";

/** Takes the bytes of an upload that `createUpload` issued: as the body itself, or as the first file of a form. */
export async function uploadRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.route<{ Params: { id: string } }>({
    method: ["PUT", "POST"],
    url: "/upload/:id",
    handler: async (request, reply) => {
      refuseLongBody(request, ctx.config);
      const { sha256, md5, sha1, size } = await receiveUpload(ctx, request.params.id, await bytesOf(request));
      return reply.status(201).send({ id: request.params.id, sha256, md5, sha1, size });
    },
  });
}

/** What says that it is too long is not read at all. */
export function refuseLongBody({ raw: { headers } }: FastifyRequest, { SCANMESH_UPLOAD_LIMIT }: GatewayConfig): void {
  const slack = isMultipart(headers) ? 1024 * 1024 : 0;
  if (Number(headers["content-length"] ?? 0) <= SCANMESH_UPLOAD_LIMIT + slack) return;
  throw new GatewayError("TOO_LARGE", `a sample may have ${SCANMESH_UPLOAD_LIMIT} bytes`);
}

async function bytesOf({ raw }: FastifyRequest): Promise<AsyncIterable<Uint8Array>> {
  if (!isMultipart(raw.headers)) return raw.iterator({ destroyOnReturn: false });
  const { file } = await readForm(raw);
  if (!file) throw new GatewayError("BAD_INPUT", "the form has no file");
  return file.bytes;
}
