/** A signature folder for clamd, generated: 200,000 hashes, 20,000 bodies, and EICAR. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomOf } from "./random.js";

export const HASHES = 200_000;
export const BODIES = 20_000;
const BODY_BYTES = 24;
const LARGEST_SIZE = 16 * 1024 * 1024;
/** In pieces: a file that holds it in one would itself be detected. */
const EICAR = "EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE";

export interface Signatures {
  readonly folder: string;
  remove(): Promise<void>;
}

export async function makeSignatures(seed: number): Promise<Signatures> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-clamav-"));
  // clamd becomes another user when root starts it.
  await chmod(folder, 0o755);
  const random = randomOf(seed, 0xc1a);
  const hex = (bytes: number) => {
    const content = Buffer.alloc(bytes);
    random.fill(content);
    return content.toString("hex");
  };
  const hashes = Array.from({ length: HASHES }, (_, i) => `${hex(16)}:${1 + (random.uint32() % LARGEST_SIZE)}:Bench-Hash-${i}\n`);
  const bodies = Array.from({ length: BODIES }, (_, i) => `Bench-Body-${i}:0:*:${hex(BODY_BYTES)}\n`);
  await writeFile(join(folder, "bench.hdb"), hashes.join(""));
  await writeFile(join(folder, "bench.ndb"), `${bodies.join("")}Eicar-Test:0:*:${Buffer.from(EICAR).toString("hex")}\n`);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
