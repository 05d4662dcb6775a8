import type { FastifyRequest } from "fastify";
import type { Caller } from "../caller.js";
import { GatewayError } from "../errors.js";
import { readForm } from "../http/form.js";
import { readBody, isMultipart, sampleBodyLimit } from "../http/request-body.js";
import type { ScanContext } from "../scan/context.js";
import { submitScan, type AcceptedScan, type ScanInput } from "../scan/submit.js";
import type { Endpoint } from "./endpoint.js";
import { readJsonUpload, type JsonParameters } from "./json-upload.js";
import { allowsInternet, invalidParameter, missingParameter, parseSpeed, sampleName } from "./parameters.js";
import { FormUpload, JsonUpload, Uploaded, UploadHeaders } from "./schemas.js";

/** `POST /api/v1/sample` and `/api/upload`: a sample as base64 in JSON, or as a file in a form. */
export const uploadSample: Endpoint = {
  needs: "scan:write",
  operation: {
    summary: "Upload a sample and scan it",
    description:
      "JSON is read as such whatever its Content-Type. The same bytes under another name are a new scan. A form has one file. Nothing is stored on an error. An answer that an earlier request with the same `Idempotency-Key` was given carries `Idempotency-Replayed: true`.",
    headers: UploadHeaders,
    body: { "application/json": JsonUpload, "multipart/form-data": FormUpload },
    answer: { "application/json": Uploaded },
    errors: {
      400: "`invalid json`, `missing parameter: …` or `invalid parameter: …`, in the order allow_internet, minspeed, sample, sample_name.",
      413: "The sample or the body is too large.",
      422: "The `Idempotency-Key` was used for another upload.",
      503: "The mesh cannot accept scans now; `Retry-After` says when to try again.",
      507: "There is no room for more samples.",
    },
  },
  async handle(ctx, request, reply) {
    const { caller } = request;
    const { name, accepted } = await (isMultipart(request.headers) ? fromForm : fromJson)(ctx, caller, request);
    if (accepted.replayed) void reply.header("idempotency-replayed", "true");
    const { md5, sha1, sha256, size } = accepted.sample;
    return { id: accepted.scanId, hashes: { md5, sha1, sha256 }, file: { name, size } };
  },
};

interface Submitted {
  readonly name: string;
  readonly accepted: AcceptedScan;
}

async function fromJson(ctx: ScanContext, caller: Caller, request: FastifyRequest): Promise<Submitted> {
  const limit = ctx.config.base64MaxBytes;
  const body = readBody(request.raw, Math.ceil(limit * 1.5) + 64 * 1024);
  const { bytes, input } = readJsonUpload(body, limit, (parameters) => ({
    ...parseJsonInput(parameters, limit),
    ...idempotencyKey(request),
  }));
  const accepted = await submitScan(ctx, caller, { kind: "stream", bytes }, () => input);
  return { name: (await input).name, accepted };
}

/** The order of the checks is part of the contract. */
function parseJsonInput({ parameters, sample }: JsonParameters, limit: number): ScanInput {
  const given = (parameter: string) => {
    if (!parameters.has(parameter)) throw missingParameter(parameter);
    return parameters.get(parameter);
  };
  const internet = allowsInternet(given("allow_internet"));
  const speed = parseSpeed(given("minspeed"));
  if (typeof given("sample") !== "string" || sample === "not base64" || sample === "twice") throw invalidParameter("sample");
  if (sample === "too large") throw new GatewayError("TOO_LARGE", `a sample sent as base64 may have ${limit} bytes`);
  return { name: sampleName(given("sample_name"), "sample_name"), speed, internet };
}

async function fromForm(ctx: ScanContext, caller: Caller, request: FastifyRequest): Promise<Submitted> {
  const { fields, file } = await readForm(request.raw, sampleBodyLimit(request.raw, ctx.config), { fileField: "file_upload" });
  if (!file) throw missingParameter("file_upload");
  const name = sampleName(file.name, "file_upload");
  const parseInput = (): ScanInput => ({
    name,
    speed: parseSpeed(fields.get("minspeed") ?? "-1"),
    internet: allowsInternet(fields.get("allow_internet")),
    ...idempotencyKey(request),
  });
  return { name, accepted: await submitScan(ctx, caller, { kind: "stream", bytes: file.bytes }, parseInput) };
}

function idempotencyKey({ headers }: FastifyRequest): { idempotencyKey?: string } {
  const key = headers["idempotency-key"];
  return key === undefined ? {} : { idempotencyKey: String(key) };
}
