import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import type { BatchRecord, ScanRecord } from "../../../schema/reports.js";
import { Batch, BatchCounts } from "../../../schema/graphql/batch.js";
import { Label } from "../../../schema/graphql/scan-options.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { readBatch } from "../../db/batches.js";
import { readScansById } from "../../db/scans.js";
import { connectionOf, PAGE, pageLength } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { counted } from "../inputs/list-counts.js";
import type { RequestContext } from "../context/request-context.js";
import { positive } from "./scan.js";
import { Needs } from "../context/scopes.js";

@Resolver(() => Batch)
export class BatchResolver {
  @Needs("scan:read")
  @Query(() => Batch, { nullable: true, description: "The batch with this number, or null." })
  async batch(
    @Arg("id", () => GraphQLSafeInt, { description: "The batch's number (`batchId`)." }) id: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<BatchRecord | null> {
    return (await readBatch(mesh.db, positive(id))) ?? null;
  }

  @FieldResolver(() => BatchCounts)
  counts(@Root() batch: BatchRecord): BatchCounts {
    return batch;
  }

  @FieldResolver(() => ScanConnection, {
    complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity,
  })
  async scans(
    @Root() { batchId, scanIds }: BatchRecord,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ) {
    const list = `scans of batch ${batchId}`;
    const from = placeOf(list, after)?.id ?? 0;
    const rest = scanIds.filter((id) => id > from).slice(0, pageLength(first) + 1);
    const page = connectionOf(await readScansById(mesh.db, rest), {
      first,
      continued: from > 0,
      cursorOf: ({ scanId }) => cursorOf(list, { id: scanId, micros: 0 }),
    });
    return counted(page, async () => ({ count: scanIds.length, exact: true }));
  }
}

/** What a scan refers to. */
@Resolver(() => Scan)
export class ScanReferencesResolver {
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

  @FieldResolver(() => Batch, { nullable: true, description: "The batch that it was submitted with; null if by itself." })
  async batch(@Root() { batchId }: ScanRecord, @Ctx() { loaders }: RequestContext): Promise<BatchRecord | null> {
    return batchId === null ? null : loaders().batches.load(batchId);
  }
}
