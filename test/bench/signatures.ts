/** A signature folder for clamd, generated: hashes, bodies, and EICAR. */

import { appendFile, chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomOf } from "./random.js";

const USUAL: SignatureCounts = { hashes: 200_000, bodies: 20_000 };
/** Lines that are made at once: all of them together would be a string of hundreds of megabytes. */
const PART = 50_000;
const BODY_BYTES = 24;
const LARGEST_SIZE = 16 * 1024 * 1024;
/** In pieces: a file that holds it in one would itself be detected. */
const EICAR = "EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE";

export interface Signatures {
  readonly folder: string;
  remove(): Promise<void>;
}

export interface SignatureCounts {
  readonly hashes: number;
  readonly bodies: number;
}

export async function makeSignatures(seed: number, { hashes, bodies }: SignatureCounts = USUAL): Promise<Signatures> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-clamav-"));
  // clamd becomes another user when root starts it.
  await chmod(folder, 0o755);
  const random = randomOf(seed, 0xc1a);
  const hex = (bytes: number) => {
    const content = Buffer.alloc(bytes);
    random.fill(content);
    return content.toString("hex");
  };
  const fill = async (name: string, count: number, line: (i: number) => string) => {
    const file = join(folder, name);
    for (let at = 0; at < count; at += PART) {
      const lines = Array.from({ length: Math.min(PART, count - at) }, (_, i) => line(at + i));
      await appendFile(file, lines.join(""));
    }
  };
  await fill("bench.hdb", hashes, (i) => `${hex(16)}:${1 + (random.uint32() % LARGEST_SIZE)}:Bench-Hash-${i}\n`);
  await fill("bench.ndb", bodies, (i) => `Bench-Body-${i}:0:*:${hex(BODY_BYTES)}\n`);
  await appendFile(join(folder, "bench.ndb"), `Eicar-Test:0:*:${Buffer.from(EICAR).toString("hex")}\n`);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
