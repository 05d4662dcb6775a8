import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ScanReport } from "../../../schema/reports.js";
import { IDEMPOTENCY_KEY_DESCRIPTION, RescanInput, RescanResult, RetryResultResult } from "../../../schema/graphql/rescan.js";
import { readScan } from "../../db/scans.js";
import { unknownScan } from "../../errors.js";
import type { ScanContext } from "../../scan/context.js";
import { rescan, retryResult, type Repeated, type RescanOptions } from "../../scan/rescan.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { mistakeInChoice } from "../inputs/submission.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

@Resolver()
export class RescanResolver {
  @Needs("scan:write")
  @Mutation(() => RescanResult, { description: "Scans a scan's sample again, as that scan was asked for; a new scan." })
  async rescan(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Arg("input", () => RescanInput, { nullable: true, description: "What is to be otherwise than the first time." })
    input: RescanInput | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<Answer | UserErrorRecord> {
    const given = input ?? {};
    const mistake = mistakeInChoice(given);
    if (mistake) return mistake;
    const options = rescanOptions(given);
    return ofScan(await orUserError(["input"], async () => reportOf(mesh, await rescan(mesh, caller, id, options))));
  }

  @Needs("scan:write")
  @Mutation(() => RetryResultResult, {
    description: "Runs one engine of a final scan again: a new scan that takes over all other results of the former.",
  })
  async retryResult(
    @Arg("id", () => GraphQLSafeInt, { description: "The scan's number (`scanId`)." }) id: number,
    @Arg("engine", () => String, { description: "The engine's name, without regard to case." }) engine: string,
    @Arg("idempotencyKey", () => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION }) key:
      | string
      | null
      | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<Answer | UserErrorRecord> {
    return ofScan(
      await orUserError([], async () => reportOf(mesh, await retryResult(mesh, caller, id, engine, key ?? undefined))),
    );
  }
}

interface Answer {
  readonly scan: ScanReport;
  readonly replayed: boolean;
}

/** What is about nothing else that was given is about the scan. */
function ofScan(answer: Answer | UserErrorRecord): Answer | UserErrorRecord {
  const about: readonly string[] = ["BAD_INPUT", "IDEMPOTENCY_CONFLICT"];
  return "code" in answer && !about.includes(answer.code) ? { ...answer, path: ["id"] } : answer;
}

function rescanOptions(input: RescanInput): RescanOptions {
  const { speed, internet, engines, excludeEngines, deadline, labels, idempotencyKey } = input;
  return {
    speed: speed ?? undefined,
    internet: internet ?? undefined,
    engines: engines ?? undefined,
    excludeEngines: excludeEngines ?? undefined,
    deadlineMs: typeof deadline === "number" ? deadline * 1_000 : undefined,
    labels: labels ?? undefined,
    idempotencyKey: idempotencyKey ?? undefined,
  };
}

async function reportOf(mesh: ScanContext, { scanId, replayed }: Repeated): Promise<Answer> {
  const scan = await readScan(mesh.db, scanId);
  if (!scan) throw unknownScan(scanId);
  return { scan, replayed };
}
