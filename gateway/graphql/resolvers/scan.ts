import type { GraphQLResolveInfo } from "graphql";
import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Info, Int, Query, Resolver, Root } from "type-graphql";
import type { ResultRecord, ScanRecord, ScanReport } from "../../../schema/reports.js";
import { ScanOrder } from "../../../schema/graphql/enums.js";
import { Result } from "../../../schema/graphql/result.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { ScanFilter } from "../../../schema/graphql/scan-filter.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { countScans, listScans, type PlacedScan } from "../../db/scan-list.js";
import { readScan, readScanRecord } from "../../db/scans.js";
import { badInput } from "../../errors.js";
import { connectionOf, PAGE, pageLength } from "../inputs/connection.js";
import { cursorOf, placeOf, scanList } from "../inputs/cursors.js";
import { counted, type CountedConnection } from "../inputs/list-counts.js";
import type { RequestContext } from "../context/request-context.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { Needs } from "../context/scopes.js";
import { selects } from "../inputs/selection.js";

/** Engines that the cost of a scan's results is reckoned with. */
const TYPICAL_ENGINES = 25;
@Resolver(() => Scan)
export class ScanResolver {
  @Needs("scan:read")
  @Query(() => Scan, { nullable: true, description: "The scan with this number, or null." })
  async scan(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Ctx() { mesh }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ScanRecord | ScanReport | null> {
    const read = selects(info, "results") ? readScan : readScanRecord;
    return (await read(mesh.db, positive(id))) ?? null;
  }

  @Needs("scan:read")
  @Query(() => ScanConnection, {
    description: "Scans, a page at a time. A cursor continues the list of the same filter and order.",
    complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity,
  })
  async scans(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("order", () => ScanOrder, { defaultValue: ScanOrder.NEWEST_FIRST, description: "Newest or oldest first." })
    order: ScanOrder,
    @Arg("filter", () => ScanFilter, { nullable: true, description: "Which scans; without it all of them." })
    filter: ScanFilter | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ): Promise<CountedConnection<PlacedScan>> {
    const limit = pageLength(first) + 1;
    const criteria = await scanCriteria(mesh.db, filter);
    const list = scanList(order, criteria.started !== undefined);
    const place = placeOf(list, after);
    const found = await listScans(filter ? mesh.lists : mesh.db, criteria, {
      newestFirst: order === ScanOrder.NEWEST_FIRST,
      after: place,
      limit,
    });
    const cursor = ({ scanId, startMicros }: PlacedScan) => cursorOf(list, { id: scanId, micros: startMicros });
    return counted(connectionOf(found, { first, continued: place !== undefined, cursorOf: cursor }), () =>
      countScans(mesh.lists, criteria),
    );
  }

  @FieldResolver(() => [Result], { complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity })
  results(
    @Root() scan: ScanRecord | ScanReport,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ResultRecord[]> | readonly ResultRecord[] {
    return "results" in scan ? scan.results : loaders().results.load(scan.scanId);
  }
}

/** Throws BAD_INPUT for a number that no scan can have. */
export function positive(id: number): number {
  if (id < 1) throw badInput("id", "must be positive");
  return id;
}
