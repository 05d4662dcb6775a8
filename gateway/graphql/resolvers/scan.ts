import type { GraphQLResolveInfo } from "graphql";
import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Info, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Batch } from "../../../schema/graphql/batch.js";
import { ScanOrder } from "../../../schema/graphql/enums.js";
import { IDEMPOTENCY_KEY_DESCRIPTION, RescanInput, RescanResult, RetryResultResult } from "../../../schema/graphql/rescan.js";
import { Result } from "../../../schema/graphql/result.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { ScanFilter } from "../../../schema/graphql/scan-filter.js";
import { Label } from "../../../schema/graphql/scan-options.js";
import { ScanProof } from "../../../schema/graphql/scan-proof.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { SubmitScanInput, SubmitScanResult, SubmitScanSuccess } from "../../../schema/graphql/submit-scan.js";
import { CancelScanResult, DeleteScanResult, type DeleteScanSuccess } from "../../../schema/graphql/withdraw.js";
import type { BatchRecord, BriefReport, BriefResult, ScanProof as ProofRecord, ScanRecord } from "../../../schema/reports.js";
import type { Database } from "../../db/database.js";
import { countScans, listScans, orderingTime, type PlacedScan } from "../../db/scan-list.js";
import { readBriefScan, readScan, readScanRecord } from "../../db/scans.js";
import { unknownScan } from "../../errors.js";
import { deleteScan } from "../../scan/delete.js";
import { isScanStale, proveVerdict } from "../../scan/proof.js";
import { rescan, retryResult, type RescanRecord } from "../../scan/rescan.js";
import { submitScan, type AcceptedScan } from "../../scan/submit.js";
import { cancelScan } from "../../scan/withdraw.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf, scanListName } from "../inputs/cursors.js";
import { positive } from "../inputs/filter-values.js";
import { withCount, type CountedConnection } from "../inputs/list-counts.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { rescanOptions } from "../inputs/scan-options.js";
import { selects, selectsDetails } from "../inputs/selection.js";
import { mistakeInChoice, readSubmission } from "../inputs/submission.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";

/** Fields that are made of the results. */
const FROM_RESULTS = ["results", "proof", "stale"];
const SCAN_ID = "The scan's number (`scanId`).";

@Resolver(() => Scan)
export class ScanResolver {
  @Needs("scan:read")
  @Query(() => Scan, { nullable: true, description: "The scan with this number, or null." })
  async scan(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) id: number,
    @Ctx() { mesh }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ScanRecord | BriefReport | null> {
    const scanId = positive("id", id);
    const wantsResults = FROM_RESULTS.some((field) => selects(info, field));
    return (await (wantsResults ? findReport(mesh.db, scanId, info) : readScanRecord(mesh.db, scanId))) ?? null;
  }

  @Needs("scan:read")
  @Query(() => ScanConnection, {
    description: "Scans, a page at a time. A cursor continues the list of the same filter and order.",
    complexity: pageCost,
  })
  async scans(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("order", () => ScanOrder, { defaultValue: ScanOrder.NEWEST_FIRST, description: "Newest or oldest first." })
    order: ScanOrder,
    @Arg("filter", () => ScanFilter, { nullable: true, description: "Which scans; without it all of them." })
    filter: ScanFilter | null | undefined,
    @Ctx() { mesh, list: read }: RequestContext,
  ): Promise<CountedConnection<PlacedScan>> {
    const limit = pageLength(first) + 1;
    const criteria = await scanCriteria(mesh.db, filter);
    const list = scanListName(order, orderingTime(criteria));
    const place = placeOf(list, after);
    const page = { newestFirst: order === ScanOrder.NEWEST_FIRST, after: place, limit };
    const found = await (filter ? read((db) => listScans(db, criteria, page)) : listScans(mesh.db, criteria, page));
    const cursor = ({ scanId, placeMicros }: PlacedScan) => cursorOf(list, { id: scanId, micros: placeMicros });
    return withCount(pageOf(found, { first, continued: place !== undefined, cursorOf: cursor }), () =>
      read((db) => countScans(db, criteria)),
    );
  }

  @FieldResolver(() => [Result], { complexity: listCost(TYPICAL.engines) })
  results(
    @Root() scan: ScanRecord | BriefReport,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<readonly BriefResult[]> | readonly BriefResult[] {
    return resultsOf(scan, context, info);
  }

  @FieldResolver(() => ScanProof)
  async proof(
    @Root() scan: ScanRecord | BriefReport,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ProofRecord> {
    return proveVerdict(scan, await resultsOf(scan, context, info));
  }

  @FieldResolver(() => Boolean)
  async stale(
    @Root() scan: ScanRecord | BriefReport,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<boolean> {
    return isScanStale(await resultsOf(scan, context, info));
  }

  @FieldResolver(() => [Label])
  labels(@Root() { labels }: ScanRecord): Label[] {
    return Object.entries(labels)
      .map(([key, value]) => ({ key, value }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  @FieldResolver(() => Scan, { nullable: true })
  async previous(@Root() { previous }: ScanRecord, @Ctx() { loaders }: RequestContext): Promise<ScanRecord | null> {
    return previous === null ? null : loaders().scans.load(previous);
  }

  @FieldResolver(() => Batch, {
    nullable: true,
    description: "The batch that it was submitted in; null if it was submitted alone.",
  })
  async batch(@Root() { batchId }: ScanRecord, @Ctx() { loaders }: RequestContext): Promise<BatchRecord | null> {
    return batchId === null ? null : loaders().batches.load(batchId);
  }

  @Needs("scan:write")
  @Mutation(() => SubmitScanResult, { description: "Scans a sample with every engine that the request allows." })
  async submitScan(
    @Arg("input", () => SubmitScanInput, { description: "What to scan and how." }) input: SubmitScanInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<AcceptedScan | UserErrorRecord> {
    const submission = readSubmission(input);
    if ("code" in submission) return submission;
    return orUserError(["input"], () => submitScan(mesh, caller, submission.source, submission.input));
  }

  @Needs("scan:write")
  @Mutation(() => RescanResult, {
    description: "Scans the sample of a scan again, with the same options. The result is a new scan.",
  })
  async rescan(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) id: number,
    @Arg("input", () => RescanInput, { nullable: true, description: "Options that differ from the first scan." })
    input: RescanInput | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RepeatedScan | UserErrorRecord> {
    const given = input ?? {};
    const mistake = mistakeInChoice(given);
    if (mistake) return mistake;
    const options = rescanOptions(given);
    return aboutScan(
      await orUserError(["input"], async () => readRepeated(mesh.db, await rescan(mesh, caller, id, options), info)),
    );
  }

  @Needs("scan:write")
  @Mutation(() => RetryResultResult, {
    description: "Runs one engine of a final scan again, as a new scan that copies all other results.",
  })
  async retryResult(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) id: number,
    @Arg("engine", () => String, { description: "The engine's name, regardless of case." }) engine: string,
    @Arg("idempotencyKey", () => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION }) key:
      | string
      | null
      | undefined,
    @Ctx() { mesh, caller }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RepeatedScan | UserErrorRecord> {
    return aboutScan(
      await orUserError([], async () =>
        readRepeated(mesh.db, await retryResult(mesh, caller, id, engine, key ?? undefined), info),
      ),
    );
  }

  @Needs("scan:write")
  @Mutation(() => CancelScanResult, {
    description:
      "Ends a scan now: results that are still open are CANCELLED, waiting requests are dropped, and agents stop what they run for it.",
  })
  cancelScan(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) id: number,
    @Ctx() { mesh, caller }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<{ scan: BriefReport } | UserErrorRecord> {
    return orUserError(["id"], async () => {
      await cancelScan(mesh, caller, id);
      return { scan: await readReport(mesh.db, id, info) };
    });
  }

  @Needs("scan:write")
  @Mutation(() => DeleteScanResult, {
    description: "Deletes a scan with its results; an open one is cancelled first. Its sample stays.",
  })
  deleteScan(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) id: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<DeleteScanSuccess | UserErrorRecord> {
    return orUserError(["id"], async () => {
      await deleteScan(mesh, caller, id);
      return { scanId: id };
    });
  }

  @Needs("scan:read")
  @Subscription(() => Scan, {
    description:
      "The scan, then each change of it; ends when the scan is final. Changes that come faster than they are read are skipped.",
    subscribe: ({ args, context, info }: { args: ScanUpdatedArgs; context: RequestContext; info: GraphQLResolveInfo }) => {
      const { scans } = context.mesh.watchers;
      const watch: typeof scans.watchBrief = selectsDetails(info) ? scans.watch : scans.watchBrief;
      return watch(positive("id", args.id), { beyondLast: !args.untilFinal }).ready(context.signal);
    },
  })
  scanUpdated(
    @Arg("id", () => GraphQLSafeInt, { description: SCAN_ID }) _id: number,
    @Arg("untilFinal", () => Boolean, {
      defaultValue: true,
      description:
        "Whether it ends when the scan is final. If not, it goes on for what engines find afterwards, until the client ends it or the scan is deleted.",
    })
    _untilFinal: boolean,
    @Root() report: BriefReport,
  ): BriefReport {
    return report;
  }
}

@Resolver(() => SubmitScanSuccess)
export class SubmitScanSuccessResolver {
  @FieldResolver(() => Scan)
  async scan(
    @Root() { scanId }: AcceptedScan,
    @Ctx() { mesh }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BriefReport> {
    const report = await findReport(mesh.db, scanId, info);
    if (report === undefined) throw new Error(`the scan ${scanId} is gone right after it was accepted`);
    return report;
  }
}

interface ScanUpdatedArgs {
  readonly id: number;
  readonly untilFinal: boolean;
}

interface RepeatedScan {
  readonly scan: BriefReport;
  readonly replayed: boolean;
}

async function readRepeated(db: Database, { scanId, replayed }: RescanRecord, info: GraphQLResolveInfo): Promise<RepeatedScan> {
  return { scan: await readReport(db, scanId, info), replayed };
}

/** With the results' details only if the operation asks for them. */
function findReport(db: Database, scanId: number, info: GraphQLResolveInfo): Promise<BriefReport | undefined> {
  return selectsDetails(info) ? readScan(db, scanId) : readBriefScan(db, scanId);
}

function resultsOf(
  scan: ScanRecord | BriefReport,
  { loaders }: RequestContext,
  info: GraphQLResolveInfo,
): Promise<readonly BriefResult[]> | readonly BriefResult[] {
  if ("results" in scan) return scan.results;
  return (selectsDetails(info) ? loaders().resultsWithDetails : loaders().results).load(scan.scanId);
}

async function readReport(db: Database, scanId: number, info: GraphQLResolveInfo): Promise<BriefReport> {
  const scan = await findReport(db, scanId, info);
  if (!scan) throw unknownScan(scanId);
  return scan;
}

/** Errors that are not about the input or the key are about the scan that is repeated. */
function aboutScan(answer: RepeatedScan | UserErrorRecord): RepeatedScan | UserErrorRecord {
  const otherwise: readonly string[] = ["BAD_INPUT", "IDEMPOTENCY_CONFLICT"];
  return "code" in answer && !otherwise.includes(answer.code) ? { ...answer, path: ["id"] } : answer;
}
