import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { ScanReport } from "../../schema/reports.js";
import { Scan } from "../../schema/graphql/scan.js";
import { SubmitScanInput, SubmitScanResult, SubmitScanSuccess, Upload } from "../../schema/graphql/submit-scan.js";
import { readScan } from "../db/scans.js";
import { submitScan, type Accepted } from "../scan/submit.js";
import { createUpload } from "../scan/uploads.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";
import { readSubmission } from "./submission.js";
import { orUserError, type UserErrorRecord } from "./user-errors.js";

@Resolver(() => SubmitScanSuccess)
export class SubmitResolver {
  @Needs("scan:write")
  @Mutation(() => Upload, { description: "Makes a place to send a sample of any size to; `submitScan` takes its id." })
  async createUpload(@Ctx() { mesh, caller, baseUrl }: RequestContext): Promise<Upload> {
    const { id, expiresAt } = await createUpload(mesh, caller);
    return { id, url: `${baseUrl}/upload/${id}`, expiresAt };
  }

  @Needs("scan:write")
  @Mutation(() => SubmitScanResult, { description: "Scans a sample with every engine that the request allows." })
  async submitScan(
    @Arg("input", () => SubmitScanInput, { description: "What to scan and how." }) input: SubmitScanInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<Accepted | UserErrorRecord> {
    const submission = readSubmission(input);
    if ("code" in submission) return submission;
    return orUserError(["input"], () => submitScan(mesh, caller, submission.source, submission.wish));
  }

  @FieldResolver(() => Scan)
  async scan(@Root() { scanId }: Accepted, @Ctx() { mesh }: RequestContext): Promise<ScanReport> {
    const report = await readScan(mesh.db, scanId);
    if (report === undefined) throw new Error(`the scan ${scanId} is gone right after it was accepted`);
    return report;
  }
}
