import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { CancelScanResult } from "../../schema/graphql/withdraw.js";
import type { ScanReport } from "../../schema/reports.js";
import { readScan } from "../db/scans.js";
import { unknownScan } from "../errors.js";
import { cancelScan } from "../scan/withdraw.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";
import { orUserError, type UserErrorRecord } from "./user-errors.js";

@Resolver()
export class WithdrawResolver {
  @Needs("scan:write")
  @Mutation(() => CancelScanResult, {
    description:
      "Ends a scan now: what no engine has answered is CANCELLED, what waits never starts, and agents stop what they run for it.",
  })
  cancelScan(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ scan: ScanReport } | UserErrorRecord> {
    return orUserError(["id"], async () => {
      await cancelScan(mesh, caller, id);
      const scan = await readScan(mesh.db, id);
      if (!scan) throw unknownScan(id);
      return { scan };
    });
  }
}
