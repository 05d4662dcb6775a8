import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Resolver, Root, Subscription } from "type-graphql";
import type { ScanReport } from "../../schema/reports.js";
import { Scan } from "../../schema/graphql/scan.js";
import { watchScan } from "../scan/watch.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";
import { started } from "./started.js";
import { positive } from "./scan-resolver.js";

@Resolver(() => Scan)
export class ScanUpdates {
  @Needs("scan:read")
  @Subscription(() => Scan, {
    description:
      "The scan as it is, then each change of it; ends when the scan is final. Changes that come faster than they are read are skipped.",
    subscribe: ({ args, context }: { args: { id: number }; context: RequestContext }) =>
      started(watchScan(context.mesh, positive(args.id))),
  })
  scanUpdated(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) _id: number,
    @Root() report: ScanReport,
  ): ScanReport {
    return report;
  }
}
