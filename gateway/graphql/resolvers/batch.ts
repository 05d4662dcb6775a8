import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Batch, BatchCounts } from "../../../schema/graphql/batch.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { RescanScansInput, RescanScansResult } from "../../../schema/graphql/rescan-scans.js";
import { IDEMPOTENCY_KEY_DESCRIPTION } from "../../../schema/graphql/rescan.js";
import {
  CreateBatchResult,
  SubmitScansInput,
  SubmitScansResult,
  SubmitScansSuccess,
} from "../../../schema/graphql/submit-scans.js";
import { UserError } from "../../../schema/graphql/user-error.js";
import { OPTION_LIMITS } from "../../../schema/scan-options.js";
import type { BatchRecord } from "../../../schema/reports.js";
import { readBatch } from "../../db/batches.js";
import type { Database } from "../../db/database.js";
import { readScansById } from "../../db/scans.js";
import { GatewayError } from "../../errors.js";
import { createBatch } from "../../scan/batches.js";
import { rescanScans, type ScanChoice } from "../../scan/rescan-scans.js";
import { submitScans, type AcceptedBatch } from "../../scan/submit.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { positive } from "../inputs/filter-values.js";
import { withCount } from "../inputs/list-counts.js";
import { readBatchSubmission } from "../inputs/submission.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { orUserError, userError, type UserErrorRecord } from "../inputs/user-errors.js";
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
    const { samples, options } = submission;
    return orUserError(["input"], () => submitScans(mesh, caller, samples, options, input.batch ?? undefined));
  }

  @Needs("scan:write")
  @Mutation(() => CreateBatchResult, { description: "Creates a batch without scans, to add to by `submitScans` with `batch`." })
  createBatch(
    @Arg("idempotencyKey", () => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION })
    key: string | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ batch: BatchRecord; replayed: boolean } | UserErrorRecord> {
    return orUserError([], async () => {
      const { batchId, replayed } = await createBatch(mesh, caller, key ?? undefined);
      return { batch: await readKnownBatch(mesh.db, batchId), replayed };
    });
  }

  @Needs("scan:write")
  @Mutation(() => RescanScansResult, {
    description: "Scans the samples of up to 100 scans again, with one batch to watch. Each that cannot be scanned is told.",
    complexity: ({ args, childComplexity }) =>
      childComplexity + SAMPLE_COST * ((args.input as RescanScansInput).ids?.length ?? OPTION_LIMITS.batch),
  })
  rescanScans(
    @Arg("input", () => RescanScansInput, { description: "Which scans." }) input: RescanScansInput,
    @Ctx() { mesh, caller, signal }: RequestContext,
  ): Promise<RepeatedBatch | UserErrorRecord> {
    return orUserError(["input"], async () => {
      const { ids, filter, priority, idempotencyKey } = input;
      if (!ids === !filter) throw new GatewayError("BAD_INPUT", "needs exactly one of ids and filter");
      const choice: ScanChoice = ids
        ? { kind: "ids", ids: ids.map((id, i) => positive(`ids.${i}`, id)) }
        : { kind: "filter", criteria: await scanCriteria(mesh.db, filter) };
      const options = { priority, idempotencyKey: idempotencyKey ?? undefined };
      const { batchId, refused, ...answer } = await rescanScans(mesh, caller, choice, options, signal);
      const told = refused.flatMap(({ scanId, error }) => {
        const shown = userError(error, ["input", ids ? "ids" : "filter"]);
        return shown ? { scanId, error: shown } : [];
      });
      return { ...answer, refused: told, batch: batchId === null ? null : await readKnownBatch(mesh.db, batchId) };
    });
  }

  @Needs("scan:read")
  @Subscription(() => Batch, {
    description:
      "The batch, then each change of its scans; ends when all of them are final. Changes may be skipped, but never the last one.",
    subscribe: ({ args, context }: { args: { id: number; untilFinal: boolean }; context: RequestContext }) =>
      context.mesh.watchers.batches.watch(positive("id", args.id), { beyondLast: !args.untilFinal }).ready(context.signal),
  })
  batchUpdated(
    @Arg("id", () => GraphQLSafeInt, { description: BATCH_ID }) _id: number,
    @Arg("untilFinal", () => Boolean, {
      defaultValue: true,
      description:
        "Whether it ends when all scans are final. If not, it goes on until the client ends it: for a batch that grows.",
    })
    _untilFinal: boolean,
    @Root() batch: BatchRecord,
  ): BatchRecord {
    return batch;
  }
}

@Resolver(() => SubmitScansSuccess)
export class SubmitScansSuccessResolver {
  @FieldResolver(() => Batch)
  batch(@Root() { batchId }: AcceptedBatch, @Ctx() { mesh }: RequestContext): Promise<BatchRecord> {
    return readKnownBatch(mesh.db, batchId);
  }

  @FieldResolver(() => [UserError])
  refused(@Root() { refused }: AcceptedBatch): UserErrorRecord[] {
    return refused.flatMap(({ index, error }) => userError(error, ["input", "samples", String(index)]) ?? []);
  }
}

interface RepeatedBatch {
  readonly batch: BatchRecord | null;
  readonly replayed: boolean;
  readonly refused: readonly { readonly scanId: number; readonly error: UserErrorRecord }[];
  readonly more: boolean;
}

async function readKnownBatch(db: Database, batchId: number): Promise<BatchRecord> {
  const batch = await readBatch(db, batchId);
  if (batch === undefined) throw new Error(`the batch ${batchId} is gone right after it was accepted`);
  return batch;
}
