import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { SHA256 } from "../../schema/hashes.js";
import { badInput } from "../errors.js";
import { downloadSample, findDownload, type SampleFile, type FileFormat } from "../scan/download.js";
import { zipped } from "./zipped.js";
import type { Endpoint } from "./endpoint.js";

/** The usual password of zips with malware. */
const PASSWORD = "infected";
const READ_AHEAD_BYTES = 256 * 1024;
const TYPES = { raw: "application/octet-stream", zip: "application/zip" } as const;
const binary = (description: string) => z.string().meta({ description, format: "binary" });

/** `GET /samples/<sha256>`: a sample's bytes. */
export const downloadSampleBytes: Endpoint = {
  needs: "sample:read",
  operation: {
    summary: "Download a sample",
    description:
      "As it is, or in a zip with the password `infected`. Every download is written down. Bytes that are missing or changed are never passed off as the sample: the answer breaks off before its end.",
    path: z.object({ sha256: z.string().regex(SHA256) }),
    query: z.object({ format: z.enum(["raw", "zip"]).optional().describe("`raw` (or nothing) for the bytes, `zip` for a zip.") }),
    answer: { [TYPES.raw]: binary("The bytes."), [TYPES.zip]: binary("A zip; the file in it is called by the sha256.") },
    errors: {
      400: "Not a sha256, or an unknown `format`.",
      404: "No sample has this sha256.",
      410: "The sample is known, but its bytes are not stored any more.",
    },
  },
  async handle(ctx, request, reply) {
    const { sha256 } = request.params as { sha256: string };
    const format = readFormat(request.query as Record<string, unknown>);
    if (request.method === "HEAD") {
      const { sample } = await findDownload(ctx, sha256);
      return reply.headers(downloadHeaders(sample, format)).send(Readable.from([]));
    }
    return sendSample(reply, format, await downloadSample(ctx, request.caller, sha256, format));
  },
};

/** Streams a sample as a file that no program opens by itself. */
export function sendSample(reply: FastifyReply, format: FileFormat, { sample, bytes }: SampleFile): FastifyReply {
  const sent = format === "zip" ? zipped(sample.sha256, PASSWORD, bytes) : bytes;
  return reply
    .headers(downloadHeaders(sample, format))
    .send(Readable.from(sent, { objectMode: false, highWaterMark: READ_AHEAD_BYTES }));
}

function readFormat({ format = "raw" }: Record<string, unknown>): FileFormat {
  if (format === "raw" || format === "zip") return format;
  throw badInput("format", "must be raw or zip");
}

function downloadHeaders({ sha256, size }: { readonly sha256: string; readonly size: number }, format: FileFormat) {
  return {
    ...attachmentHeaders(TYPES[format], format === "zip" ? `${sha256}.zip` : sha256),
    ...(format === "raw" ? { "content-length": size } : {}),
  };
}

/** No program may open, run, show or cache the file by itself. */
export function attachmentHeaders(type: string, name: string) {
  return {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}
