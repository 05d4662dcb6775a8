/** The files of this tab that are hashed, sent and submitted. They go on while other screens are looked at. */

import { client } from "../../api/client.ts";
import { hashFile } from "../../api/hash.ts";
import { createStore } from "../../api/store.ts";
import { sendBytes } from "../../api/upload.ts";
import { CreateUpload, KnownSample, SubmitScan, type KnownSampleQuery, type SubmitScanInput } from "../../generated/submit.ts";
import { messageOf } from "../../parts/notice.tsx";

export type ScanOptions = Pick<SubmitScanInput, "speed" | "internet" | "engines">;

type KnownScan = NonNullable<NonNullable<KnownSampleQuery["sample"]>["latestScan"]>;

export type Stage =
  | { readonly is: "waiting" }
  | { readonly is: "hashing" | "sending"; readonly done: number }
  | { readonly is: "submitting" }
  | { readonly is: "known"; readonly scan: KnownScan; readonly sha256: string }
  | { readonly is: "submitted"; readonly scanId: number }
  | { readonly is: "failed"; readonly why: string };

export interface UploadedFile {
  readonly id: number;
  readonly file: File;
  readonly name: string;
  readonly stage: Stage;
}

export const uploads = createStore<readonly UploadedFile[]>([]);

/** Above this size the bytes are sent while they are hashed: the hash alone would take seconds. */
const HASH_FIRST_BYTES = 64 * 1024 ** 2;
const AT_ONCE = 3;
const controllers = new Map<number, AbortController>();
const waiting: (() => Promise<void>)[] = [];
let running = 0;
let nextId = 1;

/** Takes files; `limit` is the largest size that the mesh accepts. Returns what they are called here. */
export function addFiles(files: readonly File[], options: ScanOptions, limit: number): readonly number[] {
  const added = files.map((file): UploadedFile => {
    const why = file.size > limit ? "It is larger than this mesh accepts." : undefined;
    const name = file.webkitRelativePath || file.name;
    return { id: nextId++, file, name, stage: why === undefined ? { is: "waiting" } : { is: "failed", why } };
  });
  uploads.set([...added, ...uploads.get()]);
  for (const { id, file, name, stage } of added) {
    if (stage.is === "waiting") waiting.push(() => upload(id, file, { ...options, name }));
  }
  proceed();
  return added.map(({ id }) => id);
}

/** Scans a file again whose bytes the mesh has. */
export function scanKnown(id: number, sha256: string, options: ScanOptions): void {
  const entry = uploads.get().find((one) => one.id === id);
  if (entry !== undefined) waiting.push(() => follow(id, () => submit(id, { ...options, name: entry.name, sha256 })));
  proceed();
}

/** Stops what is under way and takes the file off the list. */
export function removeUpload(id: number): void {
  controllers.get(id)?.abort();
  uploads.set(uploads.get().filter((one) => one.id !== id));
}

function proceed(): void {
  while (running < AT_ONCE) {
    const next = waiting.shift();
    if (next === undefined) return;
    running++;
    void next().finally(() => {
      running--;
      proceed();
    });
  }
}

function isListed(id: number): boolean {
  return uploads.get().some((one) => one.id === id);
}

function note(id: number, stage: Stage): void {
  uploads.set(uploads.get().map((one) => (one.id === id ? { ...one, stage } : one)));
}

async function follow(id: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    note(id, { is: "failed", why: error instanceof Error ? messageOf(error) : String(error) });
  }
}

function upload(id: number, file: File, options: ScanOptions & { name: string }): Promise<void> {
  const controller = new AbortController();
  controllers.set(id, controller);
  return follow(id, async () => {
    if (!isListed(id)) return;
    if (file.size > HASH_FIRST_BYTES) return sendAndHash(id, file, options, controller);
    const sha256 = await hashFile(file, controller.signal, (done) => note(id, { is: "hashing", done }));
    const sample = await known(sha256);
    if (sample?.stored && sample.latestScan) return note(id, { is: "known", scan: sample.latestScan, sha256 });
    if (sample?.stored) return submit(id, { ...options, sha256 });
    await submit(id, { ...options, uploadId: await send(id, file, controller.signal) });
  }).finally(() => {
    // What is not needed any more: bytes that are still sent, or a hash.
    controller.abort();
    controllers.delete(id);
  });
}

/** Whichever ends first decides: bytes that the mesh has need not be sent to their end. */
async function sendAndHash(id: number, file: File, options: ScanOptions & { name: string }, controller: AbortController) {
  const sent = send(id, file, controller.signal);
  const found = hashFile(file, controller.signal, () => undefined)
    .then(async (sha256) => ({ sha256, sample: await known(sha256) }))
    // Without the hash all of it is sent.
    .catch(() => undefined);
  const first = await Promise.race([sent, found.then(async (one) => (one?.sample?.stored ? one : await sent))]);
  if (typeof first === "string") return submit(id, { ...options, uploadId: first });
  const { sha256, sample } = first;
  // What is sent until then is not needed, and neither is its end.
  const stopped = sent.catch(() => undefined);
  controller.abort();
  await stopped;
  if (sample?.latestScan) return note(id, { is: "known", scan: sample.latestScan, sha256 });
  return submit(id, { ...options, sha256 });
}

async function known(sha256: string): Promise<KnownSampleQuery["sample"]> {
  const { data, error } = await client.query(KnownSample, { sha256 }, { requestPolicy: "network-only" }).toPromise();
  if (error) throw error;
  return data?.sample ?? null;
}

async function send(id: number, file: File, signal: AbortSignal): Promise<string> {
  const { data, error } = await client.mutation(CreateUpload, {}).toPromise();
  if (error || data === undefined) throw error ?? new Error("The gateway did not answer.");
  const uploadId = data.createUpload.id;
  await sendBytes({ id: uploadId, file, signal, onProgress: (done) => note(id, { is: "sending", done }) });
  return uploadId;
}

async function submit(id: number, input: SubmitScanInput): Promise<void> {
  // It was removed while the gateway was asked about it.
  if (!isListed(id)) return;
  note(id, { is: "submitting" });
  const { data, error } = await client.mutation(SubmitScan, { input }).toPromise();
  if (error || data === undefined) throw error ?? new Error("The gateway did not answer.");
  if ("scan" in data.submitScan) note(id, { is: "submitted", scanId: data.submitScan.scan.scanId });
  else note(id, { is: "failed", why: data.submitScan.message });
}
