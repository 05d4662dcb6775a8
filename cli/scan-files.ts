import type { Client, ScanOptions } from "./client.js";
import type { FileToSend } from "./file-source.js";
import { fileError } from "./find-files.js";
import type { FileResult, Report } from "./report.js";
import { OperatorError } from "../schema/operator-error.js";
import type { View } from "./view.js";

/** Files that are sent and watched at once. */
const CONCURRENCY = 4;
/** After this long without news, the view says which engines a scan waits for. */
const QUIET_MS = 5_000;

/** Scans files, a few at once. Their results in the same order; what was not finished when the signal came has none. */
export async function scanFiles(
  client: Client,
  files: readonly FileToSend[],
  options: ScanOptions,
  view: View,
  signal: AbortSignal,
): Promise<FileProgress[]> {
  const all = files.map((toSend): FileProgress => ({ toSend, accepted: undefined, result: undefined }));
  const waiting = [...all];
  const work = async () => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      next.result = await scanFile(client, next, options, view, signal);
      if (next.result) view.finished(next.result);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return all;
}

/** How far a file is. */
export interface FileProgress {
  readonly toSend: FileToSend;
  /** The newest report. */
  accepted: Report | undefined;
  result: FileResult | undefined;
}

async function scanFile(
  client: Client,
  progress: FileProgress,
  options: ScanOptions,
  view: View,
  signal: AbortSignal,
): Promise<FileResult | undefined> {
  const { file, name } = progress.toSend;
  try {
    view.sending(file);
    const uploadId = await client.upload(progress.toSend, signal);
    progress.accepted = await client.submit(uploadId, name, options, signal);
    view.progress(file, progress.accepted);
    const report = await watch(client, progress, view, signal);
    return report && { file, report };
  } catch (error) {
    if (signal.aborted) return undefined;
    // An error ends this file alone, and what was found in it before counts.
    const { accepted } = progress;
    return { file, error: fileError(error), ...(accepted?.verdict ? { report: accepted } : {}) };
  }
}

/** The final report, or undefined if the signal came first. */
async function watch(client: Client, progress: FileProgress, view: View, signal: AbortSignal): Promise<Report | undefined> {
  const { file } = progress.toSend;
  let last = progress.accepted;
  if (!last || last.endDate) return last;
  const { scanId } = last;
  let isOver = false;
  // A scan does not change when an engine stops working, so it is read again. If that fails, the watch reconnects or tells.
  const look = async () => {
    const now = await client.read(scanId, signal).catch(() => last);
    if (!isOver && now && !now.endDate) view.waiting(file, now);
  };
  const quiet = setInterval(() => void look(), QUIET_MS);
  try {
    for await (const report of client.watch(last.scanId, signal)) {
      quiet.refresh();
      progress.accepted = last = report;
      view.progress(file, report);
      if (report.endDate) return report;
    }
  } finally {
    isOver = true;
    clearInterval(quiet);
  }
  if (signal.aborted) return undefined;
  throw new OperatorError(`the watch of scan ${last.scanId} ended before the scan did`);
}
