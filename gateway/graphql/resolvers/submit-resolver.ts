import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { BatchRecord, ScanReport } from "../../../schema/reports.js";
import { Batch } from "../../../schema/graphql/batch.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { SubmitScanInput, SubmitScanResult, SubmitScanSuccess, Upload } from "../../../schema/graphql/submit-scan.js";
import { SubmitScansInput, SubmitScansResult, SubmitScansSuccess } from "../../../schema/graphql/submit-scans.js";
import { readBatch } from "../../db/batches.js";
import { readScan } from "../../db/scans.js";
import { submitScan, submitScans, type Accepted, type AcceptedBatch } from "../../scan/submit.js";
import { createUpload } from "../../scan/uploads.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { readBatchSubmission, readSubmission } from "../inputs/submission.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

/** What scanning one sample of a batch costs, in fields. */
const SAMPLE_COST = 10;

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
    return orUserError(["input"], () => submitScan(mesh, caller, submission.source, submission.input));
  }

  @Needs("scan:write")
  @Mutation(() => SubmitScansResult, {
    description: "Scans up to 100 stored samples, with one batch to watch. If one of them cannot be scanned, none is.",
    complexity: ({ args, childComplexity }) => childComplexity + SAMPLE_COST * (args.input as SubmitScansInput).samples.length,
  })
  async submitScans(
    @Arg("input", () => SubmitScansInput, { description: "What to scan and how." }) input: SubmitScansInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<AcceptedBatch | UserErrorRecord> {
    const submission = readBatchSubmission(input);
    if ("code" in submission) return submission;
    return orUserError(["input"], () => submitScans(mesh, caller, submission.samples, submission.options));
  }

  @FieldResolver(() => Scan)
  async scan(@Root() { scanId }: Accepted, @Ctx() { mesh }: RequestContext): Promise<ScanReport> {
    const report = await readScan(mesh.db, scanId);
    if (report === undefined) throw new Error(`the scan ${scanId} is gone right after it was accepted`);
    return report;
  }
}

@Resolver(() => SubmitScansSuccess)
export class SubmitScansResolver {
  @FieldResolver(() => Batch)
  async batch(@Root() { batchId }: AcceptedBatch, @Ctx() { mesh }: RequestContext): Promise<BatchRecord> {
    const batch = await readBatch(mesh.db, batchId);
    if (batch === undefined) throw new Error(`the batch ${batchId} is gone right after it was accepted`);
    return batch;
  }
}
