/** The files of this tab that are hashed, sent and submitted. They go on while other screens are looked at. */

import { client } from "../../api/client.ts";
import { hashFile } from "../../api/hash.ts";
import { createStore } from "../../api/store.ts";
import { sendBytes } from "../../api/upload.ts";
import { CreateUpload, KnownSample, SubmitScan, type KnownSampleQuery, type SubmitScanInput } from "../../generated/submit.ts";
import { bytesText } from "../../parts/measure.tsx";
import { messageOf } from "../../parts/notice.tsx";

export type ScanOptions = Pick<SubmitScanInput, "speed" | "internet" | "engines">;

type KnownScan = NonNullable<NonNullable<KnownSampleQuery["sample"]>["latestScan"]>;

export type Stage =
  | { readonly is: "waiting" }
  | { readonly is: "hashing" | "sending"; readonly done: number }
  | { readonly is: "submitting" }
  | { readonly is: "known"; readonly scan: KnownScan; readonly sha256: string }
  | { readonly is: "submitted"; readonly scanId: number }
  /** `isFinal`: to try it again would change nothing. */
  | { readonly is: "failed"; readonly why: string; readonly isFinal?: boolean };

export interface UploadedFile {
  readonly id: number;
  readonly file: File;
  readonly name: string;
  readonly stage: Stage;
}

/** The latest files first. It follows what happens once for each frame: a folder of thousands tells its progress all the time. */
export const uploads = createStore<readonly UploadedFile[]>([]);

const files = new Map<number, UploadedFile>();
const chosen = new Map<number, ScanOptions>();
let order: readonly number[] = [];
let isDue = false;

/** Above this size the bytes are sent while they are hashed: the hash alone would take seconds. */
const HASH_FIRST_BYTES = 64 * 1024 ** 2;
const AT_ONCE = 3;
const controllers = new Map<number, AbortController>();
const waiting: (() => Promise<void>)[] = [];
let running = 0;
let nextId = 1;

/** Takes files; `limit` is the largest size that the mesh accepts. Returns what they are called here. */
export function addFiles(given: readonly File[], options: ScanOptions, limit: number): readonly number[] {
  const added = given.map((file) => {
    const id = nextId++;
    const isTooLarge = file.size > limit;
    const why = `It has ${bytesText(file.size)}; this mesh accepts ${bytesText(limit)} at most.`;
    const stage: Stage = isTooLarge ? { is: "failed", why, isFinal: true } : { is: "waiting" };
    files.set(id, { id, file, name: file.webkitRelativePath || file.name, stage });
    chosen.set(id, options);
    if (!isTooLarge) waiting.push(() => upload(id));
    return id;
  });
  order = [...added, ...order];
  publish();
  proceed();
  return added;
}

/** Tries files again that failed. */
export function retryUploads(ids: readonly number[]): void {
  for (const id of ids) {
    note(id, { is: "waiting" });
    waiting.push(() => upload(id));
  }
  proceed();
}

/** Scans a file again whose bytes the mesh has. */
export function scanKnown(id: number, sha256: string, options: ScanOptions): void {
  const entry = files.get(id);
  if (entry !== undefined) waiting.push(() => follow(id, () => submit(id, { ...options, name: entry.name, sha256 })));
  proceed();
}

/** Stops what is under way and takes files off the list. */
export function removeUploads(ids: readonly number[]): void {
  for (const id of ids) {
    controllers.get(id)?.abort();
    files.delete(id);
    chosen.delete(id);
  }
  order = order.filter((id) => files.has(id));
  publish();
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

function note(id: number, stage: Stage): void {
  const entry = files.get(id);
  if (entry === undefined) return;
  files.set(id, { ...entry, stage });
  publish();
}

function publish(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    uploads.set(order.flatMap((id) => files.get(id) ?? []));
  });
}

async function follow(id: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    note(id, { is: "failed", why: error instanceof Error ? messageOf(error) : String(error) });
  }
}

function upload(id: number): Promise<void> {
  const entry = files.get(id);
  if (entry === undefined) return Promise.resolve();
  const { file, name } = entry;
  const options = { ...chosen.get(id), name };
  const controller = new AbortController();
  controllers.set(id, controller);
  return follow(id, async () => {
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
  const looked = hashFile(file, controller.signal, () => undefined).then(async (sha256) => ({
    sha256,
    sample: await known(sha256),
  }));
  // Without the hash all of it is sent, and how that ends is what counts.
  const found = Promise.allSettled([looked]).then(async ([look]) =>
    look.status === "fulfilled" && look.value.sample?.stored ? look.value : await sent,
  );
  const first = await Promise.race([sent, found]);
  if (typeof first === "string") return submit(id, { ...options, uploadId: first });
  const { sha256, sample } = first;
  // What is sent until then is not needed, and neither is its end.
  controller.abort();
  await Promise.allSettled([sent]);
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
  if (!files.has(id)) return;
  note(id, { is: "submitting" });
  const { data, error } = await client.mutation(SubmitScan, { input }).toPromise();
  if (error || data === undefined) throw error ?? new Error("The gateway did not answer.");
  if ("scan" in data.submitScan) note(id, { is: "submitted", scanId: data.submitScan.scan.scanId });
  else note(id, { is: "failed", why: data.submitScan.message });
}
