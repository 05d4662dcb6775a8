/** Files that were given together and become one batch. What is ready is submitted by the hundred; each file becomes one scan. */

import { answerTo } from "../../api/answer.ts";
import { client } from "../../api/client.ts";
import { Away, persist, refusalOf } from "../../api/persist.ts";
import { randomKey } from "../../api/random-key.ts";
import { CreateBatch, SubmitBatch, type SubmitBatchMutation } from "../../generated/submit.ts";
import { messageOf } from "../../parts/notice.tsx";
import type { ScanOptions } from "./scan-options.ts";

const MOST_AT_ONCE = 100;

/** A file whose bytes the mesh has. */
export interface BatchedFile {
  readonly id: number;
  readonly name: string;
  readonly sha256: string;
}

export interface UploadBatch {
  add(file: BatchedFile): void;
  /** Nothing more is submitted. */
  stop(): void;
}

export interface AcceptedScan {
  readonly id: string;
  readonly scanId: number;
}

interface Listener {
  onCreated(batchId: number): void;
  onAccepted(id: number, scan: AcceptedScan): void;
  onRefused(id: number, why: string): void;
  /** Whether the file was not removed meanwhile. */
  isWanted(id: number): boolean;
}

type Added = Extract<SubmitBatchMutation["submitScans"], { readonly batch: object }>;

/** What is submitted together. Its key stays the same until it is answered, so that nothing is scanned twice. */
interface Part {
  readonly files: readonly BatchedFile[];
  readonly idempotencyKey: string;
}

export function openBatch(options: ScanOptions, listener: Listener): UploadBatch {
  const creationKey = randomKey();
  const stopping = new AbortController();
  let ready: readonly BatchedFile[] = [];
  let part: Part | undefined;
  let isSubmitting = false;
  let batchId: number | undefined;
  /** Where the scans end that were accepted before. */
  let end: string | null = null;

  async function submitAll(): Promise<void> {
    if (isSubmitting) return;
    isSubmitting = true;
    try {
      batchId ??= await persist(create, stopping.signal);
      while (part !== undefined || ready.length > 0) await persist(submitPart, stopping.signal);
    } catch (error) {
      const lost = [...(part?.files ?? []), ...ready];
      part = undefined;
      ready = [];
      for (const { id } of lost) listener.onRefused(id, messageOf(error as Error));
    }
    isSubmitting = false;
  }

  async function create(): Promise<number> {
    const { createBatch } = await answerTo(client.mutation(CreateBatch, { idempotencyKey: creationKey }).toPromise());
    if (!("batch" in createBatch)) throw refusalOf(createBatch);
    listener.onCreated(createBatch.batch.batchId);
    return createBatch.batch.batchId;
  }

  async function submitPart(): Promise<void> {
    part ??= nextPart();
    const { files, idempotencyKey } = part;
    if (files.length > 0) {
      const samples = files.map(({ name, sha256 }) => ({ name, sha256 }));
      const input = { ...options, batch: batchId ?? null, samples, idempotencyKey };
      const { submitScans } = await answerTo(client.mutation(SubmitBatch, { input, end }).toPromise());
      if (!("batch" in submitScans)) throw refusalOf(submitScans);
      take(files, submitScans);
    }
    part = undefined;
  }

  function nextPart(): Part {
    const wanted = ready.filter(({ id }) => listener.isWanted(id));
    ready = wanted.slice(MOST_AT_ONCE);
    return { files: wanted.slice(0, MOST_AT_ONCE), idempotencyKey: randomKey() };
  }

  function take(files: readonly BatchedFile[], { batch, refused, replayed }: Added): void {
    const refusals = new Map(refused.map((refusal) => [Number(refusal.path[2]), refusal]));
    let left = files.filter((_, index) => !refusals.has(index));
    for (const { id, scanId, sample } of batch.scans.nodes) {
      const file = left.find(({ sha256 }) => sha256 === sample.sha256);
      if (file) listener.onAccepted(file.id, { id, scanId });
      left = left.filter((one) => one !== file);
    }
    end = batch.scans.pageInfo.endCursor ?? end;
    // Refusals are told once. When that answer was lost, those files are submitted again.
    if (replayed) ready = [...left, ...ready];
    else for (const { id } of left) listener.onRefused(id, "Its scan was deleted.");
    let later: Error | undefined;
    for (const [index, refusal] of refusals) {
      const file = files[index];
      const why = refusalOf(refusal);
      if (file === undefined) continue;
      if (why instanceof Away) ready = [file, ...ready];
      else listener.onRefused(file.id, why.message);
      if (why instanceof Away) later = why;
    }
    if (later === undefined) return;
    part = undefined;
    throw later;
  }

  return {
    add(file) {
      ready = [...ready, file];
      void submitAll();
    },
    stop: () => stopping.abort(),
  };
}
