/** The inspector's process: looks into one file at a time, as its parent asks. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { connectToAgent } from "../../processes/process-channel.js";
import type { Inspection } from "../formats/inspection.js";
import { memorySource } from "../formats/source.js";
import { inspect } from "./inspect.js";
import type { OpenerAnswer, OpenerRequest } from "./messages.js";
import { sevenZipVersion } from "./seven-zip.js";

/** What is kept of one container's files at a time. */
const KEEP_BYTES = 512 * 1024 * 1024;

async function inspected({ path, signatures, limits }: OpenerRequest, bytes: Buffer | undefined): Promise<Inspection> {
  if (bytes !== undefined) return await inspect(memorySource(bytes), signatures, limits, KEEP_BYTES);
  if (path === null) throw new Error("it was given no sample");
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const read = (target: Uint8Array, position: number) => readSync(file, target, 0, target.length, position);
    return await inspect({ size, read }, signatures, limits, KEEP_BYTES);
  } finally {
    closeSync(file);
  }
}

async function onRequest(request: OpenerRequest, attached: Buffer | undefined): Promise<void> {
  const { id } = request;
  try {
    answer({ kind: "inspected", id, inspection: await inspected(request, attached) });
  } catch (error) {
    answer({ kind: "failed", id, reason: error instanceof Error ? error.message : String(error) });
  }
}

const answer = connectToAgent<OpenerRequest, OpenerAnswer>((request, attached) => void onRequest(request, attached));
answer({ kind: "ready", sevenZip: await sevenZipVersion() });
