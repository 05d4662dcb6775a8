import DataLoader from "dataloader";
import type { BatchRecord, BriefResult, EngineRecord, ResultRecord, SampleRecord, ScanRecord } from "../../schema/reports.js";
import type { BundleFile } from "../../schema/bundle.js";
import type { EngineSetup } from "../../schema/engine-setup.js";
import type { RuleMistake } from "../../schema/rule-job.js";
import { readBatches } from "../db/batches.js";
import type { ListCount, ListPage } from "../db/list-place.js";
import { readEngines } from "../db/engines.js";
import { readUpdateHosts, type UpdateHostRecord } from "../db/engine-update-hosts.js";
import { readSetups } from "../db/engine-setups.js";
import { readFilesOfRulesets, readMistakes } from "../db/ruleset-content.js";
import { countScansOfSamples, readSampleHistories, readScansOfSamples, type SampleHistory } from "../db/sample-list.js";
import { readSamplesById } from "../db/samples.js";
import { readBriefResults, readResults, readScansById } from "../db/scans.js";
import type { ScanContext } from "../scan/context.js";
import { readPointsOfEngines, type EnginePoint, type StatisticsRange } from "../scan/statistics.js";

/** Data that is read in one statement for many objects of an answer. */
export interface Loaders {
  /** Results by scan, without their details. */
  readonly results: DataLoader<number, readonly BriefResult[]>;
  readonly resultsWithDetails: DataLoader<number, readonly ResultRecord[]>;
  readonly scans: DataLoader<number, ScanRecord | null>;
  readonly samples: DataLoader<number, SampleRecord | null>;
  readonly engines: DataLoader<number, EngineRecord | null>;
  /** How engines were run, by the hash in their results. */
  readonly setups: DataLoader<string, EngineSetup | null>;
  readonly batches: DataLoader<number, BatchRecord | null>;
  /** By sample. */
  readonly histories: DataLoader<number, SampleHistory | null>;
  /** The same page of each sample's scans, by sample. */
  readonly scansOfSamples: (page: ListPage) => DataLoader<number, readonly ScanRecord[]>;
  /** The points of all engines in a range, by engine. */
  readonly enginePoints: (range: StatisticsRange) => Promise<ReadonlyMap<number, readonly EnginePoint[]>>;
  /** Hosts by update. */
  readonly updateHosts: DataLoader<number, readonly UpdateHostRecord[]>;
  /** By the version of a ruleset. */
  readonly rulesetFiles: DataLoader<number, readonly BundleFile[]>;
  readonly mistakes: DataLoader<number, readonly RuleMistake[]>;
  /** How many scans a sample has. */
  readonly scanCounts: DataLoader<number, ListCount>;
}

export function createLoaders({ db }: ScanContext): Loaders {
  const pages = new Map<string, DataLoader<number, readonly ScanRecord[]>>();
  const points = new Map<StatisticsRange, Promise<ReadonlyMap<number, readonly EnginePoint[]>>>();
  return {
    results: manyByKey((scanIds) => readBriefResults(db, scanIds)),
    resultsWithDetails: manyByKey((scanIds) => readResults(db, scanIds)),
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
    updateHosts: new DataLoader(async (ids: readonly number[]) => {
      const rows = await readUpdateHosts(db, ids);
      return ids.map((id) => rows.filter(({ updateId }) => updateId === id));
    }),
    rulesetFiles: manyByKey((ids) => readFilesOfRulesets(db, ids)),
    mistakes: manyByKey((ids) => readMistakes(db, ids)),
    batches: byKey(
      ({ batchId }) => batchId,
      (ids) => readBatches(db, ids),
    ),
    setups: new DataLoader(async (ids: readonly string[]) => {
      const found = await readSetups(db, ids);
      return ids.map((id) => found.get(id) ?? null);
    }),
    enginePoints(range) {
      const found = points.get(range) ?? readPointsOfEngines(db, range);
      points.set(range, found);
      return found;
    },
    histories: byKey(
      ({ sampleId }) => sampleId,
      (ids) => readSampleHistories(db, ids),
    ),
    scansOfSamples(page) {
      const key = JSON.stringify(page);
      const loader =
        pages.get(key) ??
        new DataLoader(async (sampleIds: readonly number[]) => {
          const bySample = await readScansOfSamples(db, sampleIds, page);
          return sampleIds.map((sampleId) => bySample.get(sampleId) ?? []);
        });
      pages.set(key, loader);
      return loader;
    },
    scanCounts: new DataLoader((sampleIds: readonly number[]) => countScansOfSamples(db, sampleIds)),
  };
}

function manyByKey<T>(
  read: (ids: readonly number[]) => Promise<ReadonlyMap<number, readonly T[]>>,
): DataLoader<number, readonly T[]> {
  return new DataLoader(async (ids) => {
    const rows = await read(ids);
    return ids.map((id) => rows.get(id) ?? []);
  });
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
