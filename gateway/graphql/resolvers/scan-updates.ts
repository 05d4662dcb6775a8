import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Resolver, Root, Subscription } from "type-graphql";
import type { BatchRecord, ScanReport } from "../../../schema/reports.js";
import { Batch } from "../../../schema/graphql/batch.js";
import { Scan } from "../../../schema/graphql/scan.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { positive } from "./scan.js";

@Resolver(() => Scan)
export class ScanUpdates {
  @Needs("scan:read")
  @Subscription(() => Scan, {
    description:
      "The scan as it is, then each change of it; ends when the scan is final. Changes that come faster than they are read are skipped.",
    subscribe: ({ args, context }: { args: { id: number }; context: RequestContext }) =>
      context.mesh.watchers.scans.watch(positive(args.id)).ready(),
  })
  scanUpdated(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) _id: number,
    @Root() report: ScanReport,
  ): ScanReport {
    return report;
  }

  @Needs("scan:read")
  @Subscription(() => Batch, {
    description:
      "The batch as it is, then each change of its scans; ends when all of them are final. Changes may be skipped, the last one is not.",
    subscribe: ({ args, context }: { args: { id: number }; context: RequestContext }) =>
      context.mesh.watchers.batches.watch(positive(args.id)).ready(),
  })
  batchUpdated(
    @Arg("id", () => GraphQLSafeInt, { description: "The batch's number (`batchId`)." }) _id: number,
    @Root() batch: BatchRecord,
  ): BatchRecord {
    return batch;
  }
}
