import type { GraphQLResolveInfo } from "graphql";
import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Float, Info, Int, Query, Resolver, Root, Subscription } from "type-graphql";
import { Batch } from "../../../schema/graphql/batch.js";
import { ScanOrder } from "../../../schema/graphql/orders.js";
import { Result } from "../../../schema/graphql/result.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { ScanFilter } from "../../../schema/graphql/scan-filter.js";
import { Label } from "../../../schema/graphql/scan-options.js";
import { ScanOrigin } from "../../../schema/graphql/scan-origin.js";
import { ScanProof } from "../../../schema/graphql/scan-proof.js";
import { Scan } from "../../../schema/graphql/scan.js";
import type { BatchRecord, BriefReport, BriefResult, ScanProof as ProofRecord, ScanRecord } from "../../../schema/reports.js";
import type { ResultState } from "../../../schema/states.js";
import { countScans, listScans, orderingTime, type PlacedScan } from "../../db/scan-list.js";
import { readScanRecord } from "../../db/scans.js";
import { isScanStale, proveVerdict } from "../../scan/proof.js";
import { estimateStart } from "../../scan/waits.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf, scanListName } from "../inputs/cursors.js";
import { positive } from "../inputs/filter-values.js";
import { withCount, type CountedConnection } from "../inputs/list-counts.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { selects, selectsDetails } from "../inputs/selection.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";
import { findReport, SCAN_ID } from "./scan-report.js";

/** Fields computed from the results. */
const FROM_RESULTS = ["results", "proof", "stale", "errors", "estimatedWaitMs"];

const ERRORS: ReadonlySet<ResultState> = new Set(["FAILED", "NO_AGENT", "TIMEOUT", "UNSCANNED"]);

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

  @FieldResolver(() => ScanOrigin)
  origin(@Root() { origin }: ScanRecord): ScanOrigin {
    return origin === null ? "REQUEST" : "UPDATE";
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

  @FieldResolver(() => Int)
  async errors(
    @Root() scan: ScanRecord | BriefReport,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<number> {
    return (await resultsOf(scan, context, info)).filter(({ state }) => ERRORS.has(state)).length;
  }

  @FieldResolver(() => Float, { nullable: true })
  async estimatedWaitMs(
    @Root() scan: ScanRecord | BriefReport,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<number | null> {
    return estimateStart(context.mesh, scan, await resultsOf(scan, context, info));
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

interface ScanUpdatedArgs {
  readonly id: number;
  readonly untilFinal: boolean;
}

function resultsOf(
  scan: ScanRecord | BriefReport,
  { loaders }: RequestContext,
  info: GraphQLResolveInfo,
): Promise<readonly BriefResult[]> | readonly BriefResult[] {
  if ("results" in scan) return scan.results;
  return (selectsDetails(info) ? loaders().resultsWithDetails : loaders().results).load(scan.scanId);
}
