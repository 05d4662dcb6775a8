import type { SubmitScanInput } from "../../schema/graphql/submit-scan.js";
import type { SampleSource, ScanWish } from "../scan/submit.js";
import { mistake, type UserErrorRecord } from "./user-errors.js";

/** Largest sample that GraphQL takes as base64, decoded. */
const BASE64_LIMIT = 128 * 1024;
const DEADLINE_S = { min: 10, max: 86_400 };
const NAME_LENGTH = 1_024;

export interface Submission {
  readonly source: SampleSource;
  readonly wish: ScanWish;
}

/** What an input asks for, or what is wrong with it. */
export function readSubmission(input: SubmitScanInput): Submission | UserErrorRecord {
  const source = readSource(input);
  if ("code" in source) return source;
  return mistakeInWish(input) ?? { source, wish: scanWish(input) };
}

function readSource({ base64, sha256, uploadId }: SubmitScanInput): SampleSource | UserErrorRecord {
  const ways = [base64, sha256, uploadId].filter((way) => way !== undefined && way !== null);
  if (ways.length !== 1) {
    return { message: "needs exactly one of base64, sha256 and uploadId", code: "BAD_INPUT", path: ["input"], retryAfter: null };
  }
  if (typeof base64 === "string") return readBase64(base64);
  if (typeof uploadId === "string") return { kind: "upload", id: uploadId };
  if (!/^[0-9a-f]{64}$/i.test(String(sha256))) return mistake("sha256", "must be 64 hex digits");
  return { kind: "hash", hash: String(sha256).toLowerCase() };
}

/** Standard base64 with padding and nothing else, in its one canonical form. */
function readBase64(base64: string): SampleSource | UserErrorRecord {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) return mistake("base64", "is not base64");
  if (bytes.length > BASE64_LIMIT) {
    return mistake(
      "base64",
      `holds ${bytes.length} bytes; ${BASE64_LIMIT} is the most here: send it through createUpload`,
      "TOO_LARGE",
    );
  }
  return { kind: "stream", bytes: once(bytes) };
}

function mistakeInWish({ name, engines, deadline }: SubmitScanInput): UserErrorRecord | undefined {
  if (name.length > NAME_LENGTH) return mistake("name", `has ${name.length} characters; ${NAME_LENGTH} is the most`);
  if (engines?.length === 0) return mistake("engines", "names no engine; leave it out to ask all");
  if (typeof deadline === "number" && (deadline < DEADLINE_S.min || deadline > DEADLINE_S.max)) {
    return mistake("deadline", `must be from ${DEADLINE_S.min} to ${DEADLINE_S.max} seconds`);
  }
  return undefined;
}

function scanWish({ name, speed, internet, engines, deadline }: SubmitScanInput): ScanWish {
  return {
    name,
    speed,
    internet,
    engines: engines ?? undefined,
    deadlineMs: typeof deadline === "number" ? deadline * 1_000 : undefined,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
