import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { BUNDLE_LIMITS, bundlePath } from "../../schema/bundle.js";
import { isCertificateError } from "../../schema/certificate-error.js";
import { OperatorError } from "../../schema/operator-error.js";
import { sizeText } from "../../schema/settings.js";
import { hasCode, reasonOf } from "../contract.js";
import { isPage, verifyCvds } from "./cvd.js";
import { requireRoom, type ReadFree } from "./free-room.js";
import { clockRemark } from "./freshclam-output.js";
import { Blocked, BLOCK_MS, type Content, type FetchedFile, type Look, type Source } from "./source.js";
import type { WebClient } from "./web-client.js";

/** What is remembered of an address: it spares what is unchanged. */
const Known = z.object({ etag: z.string().optional(), modified: z.string().optional(), size: z.number() });
type Known = z.infer<typeof Known>;
const Memory = z.object({ until: z.iso.datetime().optional(), files: z.record(z.string(), Known) });
type Memory = z.infer<typeof Memory>;

/** How files are fetched from web servers. */
export interface WebSourceOptions {
  readonly engine: string;
  readonly set: string;
  readonly everyMs: number | undefined;
  readonly urls: readonly string[];
  /** Its own folder, which stays. */
  readonly folder: string;
  readonly web: () => Promise<WebClient>;
  readonly programPath: string;
  readonly readFree: ReadFree;
}

/** Files of web servers, such as third parties' signatures. A server that has refused this host is not asked again before its time. */
export function createWebSource({ engine, set, everyMs, urls, folder, web, programPath, readFree }: WebSourceOptions): Source {
  const files = join(folder, "files");
  const memoryFile = join(folder, "memory.json");
  const hosts = [...new Set(urls.map((url) => new URL(url).host))].join(", ");

  async function fetch(look: Look): Promise<Content> {
    await mkdir(files, { recursive: true });
    const memory = await readMemory(memoryFile);
    if (memory.until !== undefined && Date.parse(memory.until) > Date.now())
      throw new Blocked(`${hosts} has refused this host and is not asked again before ${memory.until}.`, new Date(memory.until));
    const client = await web();
    try {
      const got: FetchedFile[] = [];
      const [dates, remarks] = [[] as number[], new Set<string>()];
      for (const url of urls) {
        const { file, known, remark } = await fetchFile(client, url, memory.files[url], look);
        memory.files[url] = known;
        got.push(file);
        if (known.modified !== undefined) dates.push(Date.parse(known.modified));
        if (remark !== undefined) remarks.add(remark);
      }
      await writeMemory({ files: memory.files });
      const newest = Math.max(...dates);
      const date = Number.isFinite(newest) ? new Date(newest) : null;
      return { files: got, image: null, version: null, date, ...(remarks.size > 0 ? { remark: [...remarks].join(" ") } : {}) };
    } catch (error) {
      await writeMemory({ files: memory.files, ...(error instanceof Blocked ? { until: error.until.toISOString() } : {}) });
      throw error;
    } finally {
      await client.close();
    }
  }

  async function fetchFile(client: WebClient, url: string, before: Known | undefined, { signal, onBytes }: Look) {
    const path = fileName(url);
    const file = join(files, path);
    const known = before !== undefined && (await sizeOf(file)) === before.size ? before : undefined;
    const headers = {
      "user-agent": "ScanMesh",
      ...(known?.etag === undefined ? {} : { "if-none-match": known.etag }),
      ...(known?.modified === undefined ? {} : { "if-modified-since": known.modified }),
    };
    const unfinished = `${file}.part`;
    try {
      const { statusCode, headers: told, body } = await client.send("GET", url, { headers, signal });
      const remark = clockRemark(new Date(text(told, "date") ?? NaN), new Date());
      if (statusCode === 304 && known !== undefined) {
        await body.dump();
        return { file: { path, file, size: known.size }, known, remark };
      }
      if (statusCode !== 200) {
        await body.dump();
        throw refusal(url, statusCode, text(told, "retry-after"));
      }
      const total = Number(text(told, "content-length") ?? 0);
      await requireRoom(files, total, readFree);
      let bytes = 0;
      body.on("data", (part: Buffer) => {
        onBytes((bytes += part.length), total);
        if (bytes > BUNDLE_LIMITS.fileSize)
          body.destroy(new OperatorError(`${url} has more than ${sizeText(BUNDLE_LIMITS.fileSize)}.`));
      });
      await pipeline(body, createWriteStream(unfinished), { signal });
      if (/^text\/html\b/i.test(text(told, "content-type") ?? "") || (await isPage(unfinished)))
        throw new OperatorError(
          `${url} answers with a page instead of a file, such as that of a proxy or of a login: check the address and the proxy.`,
        );
      await rename(unfinished, file);
      const [etag, modified] = [text(told, "etag"), text(told, "last-modified")];
      return {
        file: { path, file, size: bytes },
        known: { size: bytes, ...(etag === undefined ? {} : { etag }), ...(modified === undefined ? {} : { modified }) },
        remark,
      };
    } catch (error) {
      await rm(unfinished, { force: true });
      signal.throwIfAborted();
      throw error instanceof OperatorError ? error : explain(url, error);
    }
  }

  async function writeMemory(memory: Memory): Promise<void> {
    await writeFile(`${memoryFile}.new`, JSON.stringify(memory));
    await rename(`${memoryFile}.new`, memoryFile);
  }

  return {
    engine,
    set,
    everyMs,
    description: hosts,
    fetch,
    verify: ({ files: all }, signal) =>
      verifyCvds(
        all.map(({ file }) => file),
        programPath,
        signal,
      ),
  };
}

/** The last part of its path. Throws {@link OperatorError} if that is no name for a file. */
function fileName(url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.replace(/^.*\//, ""));
  if (!bundlePath.safeParse(name).success || name.includes("/"))
    throw new OperatorError(`The address ${url} does not end with the name of a file.`);
  return name;
}

function refusal(url: string, status: number, retryAfter: string | undefined): Error {
  const { host } = new URL(url);
  if (status === 403 || status === 429) {
    const until = new Date(status === 403 ? Date.now() + BLOCK_MS.forbidden : retryTime(retryAfter));
    return new Blocked(`${host} has refused this host (${status}) and is not asked again before ${until.toISOString()}.`, until);
  }
  if (status === 404) return new OperatorError(`There is no ${url} (404): check the address.`);
  return new OperatorError(`${host} answers ${status}. It is asked again later.`);
}

/** Seconds, or a date. */
function retryTime(retryAfter: string | undefined): number {
  const time = /^\d+$/.test(retryAfter ?? "") ? Date.now() + Number(retryAfter) * 1_000 : Date.parse(retryAfter ?? "");
  return Number.isFinite(time) && time > Date.now()
    ? Math.min(time, Date.now() + 30 * 86_400_000)
    : Date.now() + BLOCK_MS.tooMany;
}

function explain(url: string, error: unknown): OperatorError {
  const { host } = new URL(url);
  const told = { cause: error };
  if (hasCode(error, "ENOSPC"))
    return new OperatorError("There is no room on the disk: make room in the folder of SCANMESH_FETCH_DIR.", told);
  if (hasCode(error, "CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"))
    return new OperatorError(
      `The certificate of ${host} is not valid at the time of this host's clock: check the clock, then the certificate.`,
      told,
    );
  if (error instanceof Error && "code" in error && isCertificateError(String(error.code)))
    return new OperatorError(
      `The certificate of ${host} is signed by an authority that is not known here: name its file in SCANMESH_FETCH_CA.`,
      told,
    );
  if (hasCode(error, "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"))
    return new OperatorError(`${host} broke off in the middle of a file. It is fetched again at the next look.`, told);
  if (hasCode(error, "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"))
    return new OperatorError(`${host} does not answer in time.`, told);
  return new OperatorError(`${url} cannot be fetched: ${reasonOf(error)}.`, told);
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

async function readMemory(file: string): Promise<Memory> {
  try {
    return Memory.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    // It only spares what is unchanged; what was cut while it was written is fetched again.
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError || error instanceof z.ZodError) return { files: {} };
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
