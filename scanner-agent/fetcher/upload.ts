import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { BundleFile } from "../../schema/bundle.js";
import { BundleUploadState, type BundleContent } from "../../schema/bundle-upload.js";
import { sizeText } from "../../schema/settings.js";
import { OperatorError } from "../../schema/operator-error.js";
import { reasonOf } from "../contract.js";
import type { Content, FetchedFile } from "./source.js";
import type { WebAnswer } from "./web-client.js";

const PUBLISHED_WITHIN_MS = 600_000;
const LARGEST_ANSWER = 1024 ** 2;

const Refusal = z.object({ error: z.string() });

/** A file with what names it on the bus. */
export type HashedFile = FetchedFile & Pick<BundleFile, "sha256">;

/** Hashes what was fetched. */
export async function hashFiles(files: readonly FetchedFile[], signal: AbortSignal): Promise<HashedFile[]> {
  const hashed: HashedFile[] = [];
  for (const one of files) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(one.file), hash, { signal });
    hashed.push({ ...one, sha256: hash.digest("hex") });
  }
  return hashed;
}

/** How a gateway is given a bundle. */
export interface Upload {
  /** Its address with the job's token. */
  readonly url: string;
  /** Authorities (PEM) that may have signed its certificate. */
  readonly authority: string | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number, total: number) => void;
}

/** Uploads the files that the gateway does not have, and has it publish the bundle. Throws {@link OperatorError}. */
export async function uploadBundle(content: Content, files: readonly HashedFile[], upload: Upload): Promise<void> {
  const { url, authority, signal, onBytes } = upload;
  // Loaded only where something is fetched: it is large.
  const { createWebClient } = await import("./web-client.js");
  const web = createWebClient({ authority, answerMs: PUBLISHED_WITHIN_MS });
  try {
    const state = BundleUploadState.parse(await readJson(await web.send("GET", url, { signal })));
    const there = new Set(state.files);
    const missing = files.filter(({ sha256 }, i) => !there.has(sha256) && files.findIndex((one) => one.sha256 === sha256) === i);
    const total = missing.reduce((bytes, { size }) => bytes + size, 0);
    if (total > state.room)
      throw new OperatorError(
        `The mesh has no room for what was fetched: ${sizeText(total)}, and there are ${sizeText(state.room)} for bundles (SCANMESH_BUNDLES_MAX).`,
      );
    let bytes = 0;
    for (const { file, sha256, size } of missing) {
      const body = Readable.from(readCounted(file, (more) => onBytes((bytes += more), total)));
      const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
      await readJson(await web.send("PUT", `${url}/${sha256}`, { headers, body, signal }));
    }
    const { version, date, image } = content;
    const named = files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
    const kind = image === null ? "FILES" : "IMAGE";
    const bundle: Partial<BundleContent> = {
      kind,
      version,
      date: date?.toISOString() ?? null,
      files: named,
      image,
      positive: null,
    };
    const headers = { "content-type": "application/json" };
    await readJson(await web.send("POST", url, { headers, body: JSON.stringify(bundle), signal }));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`The gateway at ${new URL(url).origin} cannot be given what was fetched: ${reasonOf(error)}.`, {
      cause: error,
    });
  } finally {
    await web.close();
  }
}

/** Nothing is read, and counted, before it is wanted: a connection may take a while. */
async function* readCounted(file: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const part of createReadStream(file) as AsyncIterable<Buffer>) {
    onBytes(part.length);
    yield part;
  }
}

/** The answer's JSON; null if it is empty. Throws {@link OperatorError} with what the gateway says if it refuses. */
async function readJson({ statusCode, body }: WebAnswer): Promise<unknown> {
  let text = "";
  for await (const part of body) {
    text += String(part);
    if (text.length > LARGEST_ANSWER) throw new OperatorError("The gateway answers with more than can be an answer.");
  }
  const json: unknown = parse(text);
  if (statusCode >= 200 && statusCode < 300) return json;
  const said = Refusal.safeParse(json).data?.error;
  throw new OperatorError(`The gateway refuses what was fetched (${statusCode})${said === undefined ? "" : `: ${said}`}`);
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
