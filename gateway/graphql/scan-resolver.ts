import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import type { ResultRecord, ScanRecord, ScanReport } from "../../schema/reports.js";
import { ScanOrder } from "../../schema/graphql/enums.js";
import { Result } from "../../schema/graphql/result.js";
import { ScanConnection } from "../../schema/graphql/scan-connection.js";
import { Scan } from "../../schema/graphql/scan.js";
import { countScans, readScan, readScans } from "../db/scans.js";
import { GatewayError } from "../errors.js";
import { scanCursor, scanOfCursor } from "./cursors.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";

/** Engines that the cost of a scan's results is reckoned with. */
const TYPICAL_ENGINES = 25;
const PAGE = { default: 25, most: 100 };
/** What counting every scan costs, in fields. */
const COUNT_COST = 10;

interface ScanPage {
  readonly edges: readonly { cursor: string; node: ScanRecord }[];
  readonly nodes: readonly ScanRecord[];
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

@Resolver(() => Scan)
export class ScanResolver {
  @Needs("scan:read")
  @Query(() => Scan, { nullable: true, description: "The scan with this number, or null." })
  async scan(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<ScanReport | null> {
    return (await readScan(mesh.db, positive(id))) ?? null;
  }

  @Needs("scan:read")
  @Query(() => ScanConnection, {
    description: "All scans, a page at a time.",
    complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity,
  })
  async scans(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("order", () => ScanOrder, { defaultValue: ScanOrder.NEWEST_FIRST, description: "Newest or oldest first." })
    order: ScanOrder,
    @Ctx() { mesh }: RequestContext,
  ): Promise<ScanPage> {
    if (first < 1 || first > PAGE.most) throw new GatewayError("BAD_INPUT", `first: must be from 1 to ${PAGE.most}`);
    const from = typeof after === "string" ? scanOfCursor(after) : undefined;
    const found = await readScans(mesh.db, { newestFirst: order === ScanOrder.NEWEST_FIRST, limit: first + 1, after: from });
    const nodes = found.slice(0, first);
    const edges = nodes.map((node) => ({ cursor: scanCursor(node.scanId), node }));
    return {
      edges,
      nodes,
      pageInfo: {
        hasNextPage: found.length > first,
        hasPreviousPage: from !== undefined,
        startCursor: edges.at(0)?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    };
  }

  @FieldResolver(() => [Result], { complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity })
  results(
    @Root() scan: ScanRecord | ScanReport,
    @Ctx() { results }: RequestContext,
  ): Promise<readonly ResultRecord[]> | readonly ResultRecord[] {
    return "results" in scan ? scan.results : results.load(scan.scanId);
  }
}

@Resolver(() => ScanConnection)
export class ScanConnectionResolver {
  @FieldResolver(() => GraphQLSafeInt, { complexity: COUNT_COST })
  totalCount(@Ctx() { mesh }: RequestContext): Promise<number> {
    return countScans(mesh.db);
  }
}

/** Throws BAD_INPUT for a number that no scan can have. */
export function positive(id: number): number {
  if (id < 1) throw new GatewayError("BAD_INPUT", "id: must be positive");
  return id;
}
