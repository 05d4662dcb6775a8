/** The files of this tab that are hashed, sent and submitted. They go on while other screens are looked at. */

import { answerTo } from "../../api/answer.ts";
import { client } from "../../api/client.ts";
import { persist, refusalOf } from "../../api/persist.ts";
import { randomKey } from "../../api/random-key.ts";
import { createStore } from "../../api/store.ts";
import { SubmitScan, type SubmitScanInput } from "../../generated/submit.ts";
import { bytesText } from "../../parts/measure.tsx";
import { messageOf } from "../../parts/notice.tsx";
import { bringSample, type Brought, type KnownScan } from "./bring-sample.ts";
import type { ScanOptions } from "./scan-options.ts";
import { openBatch, type AcceptedScan, type UploadBatch } from "./upload-batch.ts";
import { enqueue } from "./upload-queue.ts";

export type Stage =
  | { readonly is: "waiting" }
  | { readonly is: "hashing" | "sending"; readonly done: number }
  | { readonly is: "submitting" }
  | { readonly is: "known"; readonly scan: KnownScan; readonly sha256: string }
  | { readonly is: "submitted"; readonly scan: AcceptedScan }
  /** `isFinal`: to try it again would change nothing. */
  | { readonly is: "failed"; readonly why: string; readonly isFinal?: boolean };

export interface UploadedFile {
  readonly id: number;
  readonly file: File;
  readonly name: string;
  readonly stage: Stage;
  /** The files that were given together: they become one batch. Undefined for a single file. */
  readonly group: Group | undefined;
}

interface Group {
  /** Undefined until there is something to submit. */
  batchId: number | undefined;
  readonly batch: UploadBatch;
}

/** The latest files first. It follows what happens once for each frame: a folder of thousands tells its progress all the time. */
export const uploads = createStore<readonly UploadedFile[]>([]);

const files = new Map<number, UploadedFile>();
const chosen = new Map<number, ScanOptions>();
const controllers = new Map<number, AbortController>();
/** A batch takes no more. */
const MOST_TOGETHER = 10_000;
let order: readonly number[] = [];
let isDue = false;
let nextId = 1;

/** Takes files; `limit` is the largest size that the mesh accepts. Returns what they are called here. */
export function addFiles(given: readonly File[], options: ScanOptions, limit: number): readonly number[] {
  let group: Group | undefined;
  const added = given.map((file, index) => {
    const id = nextId++;
    if (given.length > 1 && index % MOST_TOGETHER === 0) group = openGroup(options);
    const isTooLarge = file.size > limit;
    const why = `It has ${bytesText(file.size)}; this mesh accepts ${bytesText(limit)} at most.`;
    const stage: Stage = isTooLarge ? { is: "failed", why, isFinal: true } : { is: "waiting" };
    files.set(id, { id, file, name: file.webkitRelativePath || file.name, stage, group });
    chosen.set(id, options);
    return id;
  });
  order = [...added, ...order];
  publish();
  for (const id of added) if (files.get(id)?.stage.is === "waiting") enqueue(() => upload(id));
  return added;
}

/** Tries files again that failed. */
export function retryUploads(ids: readonly number[]): void {
  for (const id of ids) {
    // A button may be pressed twice before it is gone.
    if (files.get(id)?.stage.is !== "failed") continue;
    note(id, { is: "waiting" });
    enqueue(() => upload(id));
  }
}

/** Scans a file again whose bytes the mesh has. */
export function scanKnown(id: number, sha256: string, options: ScanOptions): void {
  if (files.get(id)?.stage.is !== "known") return;
  note(id, { is: "waiting" });
  enqueue(() => follow(id, (signal) => submit(id, { ...options, sha256 }, signal)));
}

/** Stops what is under way and takes files off the list. */
export function removeUploads(ids: readonly number[]): void {
  const groups = new Set(ids.map((id) => files.get(id)?.group));
  for (const id of ids) {
    controllers.get(id)?.abort();
    files.delete(id);
    chosen.delete(id);
  }
  for (const { group } of files.values()) groups.delete(group);
  for (const group of groups) group?.batch.stop();
  order = order.filter((id) => files.has(id));
  publish();
}

function openGroup(options: ScanOptions): Group {
  const batch = openBatch(options, {
    onCreated(batchId) {
      group.batchId = batchId;
      publish();
    },
    onAccepted: (id, scan) => note(id, { is: "submitted", scan }),
    onRefused: (id, why) => note(id, { is: "failed", why }),
    isWanted: (id) => files.has(id),
  });
  const group: Group = { batchId: undefined, batch };
  return group;
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

async function follow(id: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (!files.has(id)) return;
  const controller = new AbortController();
  controllers.set(id, controller);
  try {
    await work(controller.signal);
  } catch (error) {
    note(id, { is: "failed", why: error instanceof Error ? messageOf(error) : String(error) });
  }
  // What is not needed any more: bytes that are still sent, or a hash.
  controller.abort();
  controllers.delete(id);
}

function upload(id: number): Promise<void> {
  return follow(id, async (signal) => {
    const entry = files.get(id);
    if (entry === undefined) return;
    const onProgress = (is: "hashing" | "sending", done: number) => note(id, { is, done });
    await scan(entry, await bringSample(entry.file, { signal, onProgress }), signal);
  });
}

/** All files of a batch are scanned; of a single file that was scanned before, the last report is offered first. */
async function scan({ id, name, group }: UploadedFile, { sha256, latestScan }: Brought, signal: AbortSignal): Promise<void> {
  if (group === undefined && latestScan !== null) return note(id, { is: "known", scan: latestScan, sha256 });
  if (group === undefined) return submit(id, { ...chosen.get(id), sha256 }, signal);
  // It was removed while the gateway was asked about it.
  if (!files.has(id)) return;
  note(id, { is: "submitting" });
  group.batch.add({ id, name, sha256 });
}

async function submit(id: number, input: SubmitScanInput, signal: AbortSignal): Promise<void> {
  const entry = files.get(id);
  if (entry === undefined) return;
  note(id, { is: "submitting" });
  const named = { ...input, name: entry.name, idempotencyKey: randomKey() };
  await persist(async () => {
    const { submitScan } = await answerTo(client.mutation(SubmitScan, { input: named }).toPromise());
    if (!("scan" in submitScan)) throw refusalOf(submitScan);
    note(id, { is: "submitted", scan: submitScan.scan });
  }, signal);
}

// Whoever closes the page is asked first: what is not accepted yet would be lost.
addEventListener("beforeunload", (event) => {
  const isUnderWay = ({ stage }: UploadedFile) => !["submitted", "known", "failed"].includes(stage.is);
  if ([...files.values()].some(isUnderWay)) event.preventDefault();
});
