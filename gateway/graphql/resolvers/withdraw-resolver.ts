import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import {
  CancelScanResult,
  DeleteSampleResult,
  DeleteScanResult,
  type DeleteSampleSuccess,
  type DeleteScanSuccess,
} from "../../../schema/graphql/withdraw.js";
import type { ScanReport } from "../../../schema/reports.js";
import { readScan } from "../../db/scans.js";
import { unknownScan } from "../../errors.js";
import { deleteSample, deleteScan } from "../../scan/delete.js";
import { cancelScan } from "../../scan/withdraw.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

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

  @Needs("scan:write")
  @Mutation(() => DeleteScanResult, {
    description: "Deletes a scan with its results; one that is open is withdrawn as by `cancelScan`. Its sample stays.",
  })
  deleteScan(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<DeleteScanSuccess | UserErrorRecord> {
    return orUserError(["id"], async () => {
      await deleteScan(mesh, caller, id);
      return { scanId: id };
    });
  }

  @Needs("admin")
  @Mutation(() => DeleteSampleResult, {
    description: "Deletes a sample: its bytes, what is known of it, and every scan of it. Scans that are open are withdrawn.",
  })
  deleteSample(
    @Arg("sha256", () => String, { description: "The sample's sha256 in hex." }) sha256: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<DeleteSampleSuccess | UserErrorRecord> {
    return orUserError(["sha256"], async () => ({
      sha256: sha256.toLowerCase(),
      scans: await deleteSample(mesh, caller, sha256),
    }));
  }
}
