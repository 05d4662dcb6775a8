import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { pack } from "tar-stream";

/** A web server whose answers the test decides. */
export interface Mirror {
  readonly url: string;
  readonly host: string;
  /** The paths that it was asked for. */
  readonly asked: string[];
  answer: RequestListener;
}

/** Starts one on loopback; it ends with the test. */
export async function startMirror(answer: RequestListener): Promise<Mirror> {
  const server = createServer((request, response) => {
    mirror.asked.push(request.url ?? "");
    mirror.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mirror: Mirror = { url: `http://${host}`, host, asked: [], answer };
  return mirror;
}

/** Serves these files, and ranges of them; anything else is not there. */
export function serveFiles(files: Readonly<Record<string, Uint8Array>>): RequestListener {
  return ({ url = "", headers }, response) => {
    const content = files[url.slice(1)];
    if (content === undefined) return response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const part = from === undefined ? content : content.subarray(Number(from), Number(to) + 1);
    return response.writeHead(from === undefined ? 200 : 206, { "content-length": part.length }).end(part);
  };
}

const HEAD_BYTES = 512;

/** A database of ClamAV's form with one signature. Nobody but ClamAV's builders can sign one: where it is to be signed, it is forged. */
export async function unsignedDatabase(
  name: string,
  version: number,
  { built = new Date(), level = 90, ndb = [] as readonly string[] } = {},
): Promise<Buffer> {
  const lines = [`ScanMesh.Test.${version}:0:*:${Buffer.from(`scanmesh-test-${version}`).toString("hex")}`, ...ndb];
  const signatures = lines.map((line) => `${line}\n`).join("");
  const seconds = Math.floor(built.getTime() / 1_000);
  const headWith = (hash: string, signature: string) =>
    ["ClamAV-VDB", "30 Nov 2026 10-00 +0000", version, lines.length, level, hash, signature, "test", seconds].join(":");
  const archive = pack();
  const sha256 = createHash("sha256").update(signatures).digest("hex");
  archive.entry({ name: `${name}.info` }, `${headWith("X", "X")}\n${name}.ndb:${signatures.length}:${sha256}\n`);
  archive.entry({ name: `${name}.ndb` }, signatures);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  const content = gzipSync(Buffer.concat(parts));
  const hash = createHash("md5").update(content).digest("hex");
  const head = headWith(hash, "A".repeat(171));
  return Buffer.concat([Buffer.from(head.padEnd(HEAD_BYTES)), content]);
}
