import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Batch, BatchCounts } from "../../../schema/graphql/batch.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { SubmitScansInput, SubmitScansResult, SubmitScansSuccess } from "../../../schema/graphql/submit-scans.js";
import type { BatchRecord } from "../../../schema/reports.js";
import { readBatch } from "../../db/batches.js";
import { readScansById } from "../../db/scans.js";
import { submitScans, type AcceptedBatch } from "../../scan/submit.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { positive } from "../inputs/filter-values.js";
import { withCount } from "../inputs/list-counts.js";
import { readBatchSubmission } from "../inputs/submission.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { pageCost } from "../limits/list-cost.js";

const BATCH_ID = "The batch's number (`batchId`).";
/** The cost of scanning one sample of a batch, in fields. */
const SAMPLE_COST = 10;

@Resolver(() => Batch)
export class BatchResolver {
  @Needs("scan:read")
  @Query(() => Batch, { nullable: true, description: "The batch with this number, or null." })
  async batch(
    @Arg("id", () => GraphQLSafeInt, { description: BATCH_ID }) id: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<BatchRecord | null> {
    return (await readBatch(mesh.db, positive("id", id))) ?? null;
  }

  @FieldResolver(() => BatchCounts)
  counts(@Root() batch: BatchRecord): BatchCounts {
    return batch;
  }

  @FieldResolver(() => ScanConnection, {
    complexity: pageCost,
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
    const page = pageOf(await readScansById(mesh.db, rest), {
      first,
      continued: from > 0,
      cursorOf: ({ scanId }) => cursorOf(list, { id: scanId, micros: 0 }),
    });
    return withCount(page, async () => ({ count: scanIds.length, exact: true }));
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

  @Needs("scan:read")
  @Subscription(() => Batch, {
    description:
      "The batch, then each change of its scans; ends when all of them are final. Changes may be skipped, but never the last one.",
    subscribe: ({ args, context }: { args: { id: number }; context: RequestContext }) =>
      context.mesh.watchers.batches.watch(positive("id", args.id)).ready(context.signal),
  })
  batchUpdated(@Arg("id", () => GraphQLSafeInt, { description: BATCH_ID }) _id: number, @Root() batch: BatchRecord): BatchRecord {
    return batch;
  }
}

@Resolver(() => SubmitScansSuccess)
export class SubmitScansSuccessResolver {
  @FieldResolver(() => Batch)
  async batch(@Root() { batchId }: AcceptedBatch, @Ctx() { mesh }: RequestContext): Promise<BatchRecord> {
    const batch = await readBatch(mesh.db, batchId);
    if (batch === undefined) throw new Error(`the batch ${batchId} is gone right after it was accepted`);
    return batch;
  }
}
