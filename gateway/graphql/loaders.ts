import DataLoader from "dataloader";
import type { BatchRecord, EngineRecord, ResultRecord, SampleRecord, ScanRecord } from "../../schema/reports.js";
import { readBatches } from "../db/batches.js";
import { readEngines } from "../db/engines.js";
import { readSamplesById } from "../db/samples.js";
import { readResults, readScansById } from "../db/scans.js";
import type { ScanContext } from "../scan/context.js";

/** What is read for many objects of an answer in one statement. */
export interface Loaders {
  /** Results by scan. */
  readonly results: DataLoader<number, readonly ResultRecord[]>;
  readonly scans: DataLoader<number, ScanRecord | null>;
  readonly samples: DataLoader<number, SampleRecord | null>;
  readonly engines: DataLoader<number, EngineRecord | null>;
  readonly batches: DataLoader<number, BatchRecord | null>;
}

export function createLoaders({ db }: ScanContext): Loaders {
  return {
    results: new DataLoader(async (scanIds: readonly number[]) => {
      const byScan = await readResults(db, scanIds);
      return scanIds.map((scanId) => byScan.get(scanId) ?? []);
    }),
    scans: byKey(
      ({ scanId }) => scanId,
      (ids) => readScansById(db, ids),
    ),
    samples: byKey(
      ({ sampleId }) => sampleId,
      (ids) => readSamplesById(db, ids),
    ),
    engines: byKey(
      ({ engineId }) => engineId,
      () => readEngines(db),
    ),
    batches: byKey(
      ({ batchId }) => batchId,
      (ids) => readBatches(db, ids),
    ),
  };
}

function byKey<T>(
  keyOf: (row: T) => number,
  read: (ids: readonly number[]) => Promise<readonly T[]>,
): DataLoader<number, T | null> {
  return new DataLoader(async (ids) => {
    const rows = new Map((await read(ids)).map((row) => [keyOf(row), row]));
    return ids.map((id) => rows.get(id) ?? null);
  });
}
