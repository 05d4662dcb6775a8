import type { GraphQLResolveInfo } from "graphql";
import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from "type-graphql";
import { IDEMPOTENCY_KEY_DESCRIPTION, RescanInput, RescanResult, RetryResultResult } from "../../../schema/graphql/rescan.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { SubmitScanInput, SubmitScanResult, SubmitScanSuccess } from "../../../schema/graphql/submit-scan.js";
import { CancelScanResult, DeleteScanResult, type DeleteScanSuccess } from "../../../schema/graphql/withdraw.js";
import type { BriefReport } from "../../../schema/reports.js";
import type { Database } from "../../db/database.js";
import { deleteScan } from "../../scan/delete.js";
import { rescan, retryResult, type RescanRecord } from "../../scan/rescan.js";
import { submitScan, type AcceptedScan } from "../../scan/submit.js";
import { cancelScan } from "../../scan/withdraw.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { rescanOptions } from "../inputs/scan-options.js";
import { mistakeInChoice, readSubmission } from "../inputs/submission.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { findReport, readReport, SCAN_ID } from "./scan-report.js";

@Resolver(() => Scan)
export class ScanMutationsResolver {
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

interface RepeatedScan {
  readonly scan: BriefReport;
  readonly replayed: boolean;
}

async function readRepeated(db: Database, { scanId, replayed }: RescanRecord, info: GraphQLResolveInfo): Promise<RepeatedScan> {
  return { scan: await readReport(db, scanId, info), replayed };
}

/** Errors that are not about the input or the key concern the scan to be repeated. */
function aboutScan(answer: RepeatedScan | UserErrorRecord): RepeatedScan | UserErrorRecord {
  const otherwise: readonly string[] = ["BAD_INPUT", "IDEMPOTENCY_CONFLICT"];
  return "code" in answer && !otherwise.includes(answer.code) ? { ...answer, path: ["id"] } : answer;
}
