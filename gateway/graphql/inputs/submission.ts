import { SHA256 } from "../../../schema/hashes.js";
import type { SubmitScanInput } from "../../../schema/graphql/submit-scan.js";
import type { SubmitScansInput } from "../../../schema/graphql/submit-scans.js";
import type { BatchSample, SampleSource, ScanOptions, ScanInput, StoredSource } from "../../scan/submit.js";
import { scanOptions } from "./scan-options.js";
import { mistake, type UserErrorRecord } from "./user-errors.js";

/** The largest decoded sample that GraphQL accepts as base64. */
export const BASE64_LIMIT = 128 * 1024;

export interface Submission {
  readonly source: SampleSource;
  readonly input: ScanInput;
}

export interface BatchSubmission {
  readonly samples: readonly BatchSample[];
  readonly options: ScanOptions;
}

/** The source and options of an input, or its error. */
export function readSubmission(input: SubmitScanInput): Submission | UserErrorRecord {
  const source = readSource(input);
  if ("code" in source) return source;
  return mistakeInChoice(input) ?? { source, input: { ...scanOptions(input), name: input.name } };
}

/** The same for a batch, with an error for each malformed sample. */
export function readBatchSubmission(input: SubmitScansInput): BatchSubmission | UserErrorRecord {
  const samples: BatchSample[] = [];
  const errors: UserErrorRecord[] = [];
  for (const [i, { name, ...sample }] of input.samples.entries()) {
    const source = readStoredSource(sample, ["samples", String(i)]);
    if ("code" in source) errors.push(source);
    else samples.push({ source, name });
  }
  if (errors.length > 0) {
    const message = `${errors.length} of ${input.samples.length} samples are malformed; none was accepted, and the others were not looked for`;
    return { message, code: "BAD_INPUT", path: ["input", "samples"], retryAfter: null, errors };
  }
  return mistakeInChoice(input) ?? { samples, options: scanOptions(input) };
}

function readSource({ base64, sha256, uploadId }: SubmitScanInput): SampleSource | UserErrorRecord {
  const sources = [base64, sha256, uploadId].filter((source) => source !== undefined && source !== null);
  if (sources.length !== 1) return mistake([], "needs exactly one of base64, sha256 and uploadId");
  return typeof base64 === "string" ? readBase64(base64) : readStoredSource({ sha256, uploadId }, []);
}

function readStoredSource(
  { sha256, uploadId }: { sha256?: string | null | undefined; uploadId?: string | null | undefined },
  path: readonly string[],
): StoredSource | UserErrorRecord {
  if (typeof sha256 === "string" && typeof uploadId !== "string") {
    if (!SHA256.test(sha256)) return mistake([...path, "sha256"], "must be 64 hex digits");
    return { kind: "hash", hash: sha256.toLowerCase() };
  }
  if (typeof uploadId === "string" && typeof sha256 !== "string") return { kind: "upload", id: uploadId };
  return mistake(path, "needs exactly one of sha256 and uploadId");
}

/** Accepts only canonical standard base64 with padding. */
function readBase64(base64: string): SampleSource | UserErrorRecord {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) return mistake(["base64"], "is not base64");
  if (bytes.length > BASE64_LIMIT) {
    return mistake(
      ["base64"],
      `holds ${bytes.length} bytes; ${BASE64_LIMIT} is the most here: send it through createUpload`,
      "TOO_LARGE",
    );
  }
  return { kind: "stream", bytes: once(bytes) };
}

/** The error for an empty list of engines. */
export function mistakeInChoice({ engines }: Pick<SubmitScanInput, "engines">): UserErrorRecord | undefined {
  return engines?.length === 0 ? mistake(["engines"], "names no engine; leave it out to ask all") : undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
