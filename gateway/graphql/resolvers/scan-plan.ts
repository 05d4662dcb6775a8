import { Arg, Ctx, Query, Resolver } from "type-graphql";
import { SHA256 } from "../../../schema/hashes.js";
import { PlanScanInput, ScanPlan } from "../../../schema/graphql/scan-plan.js";
import { badInput } from "../../errors.js";
import { explainScan, type ScanPlanRecord } from "../../scan/explain.js";
import { mime, optional } from "../inputs/filter-values.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { engineChoice } from "../inputs/scan-options.js";

@Resolver(() => ScanPlan)
export class ScanPlanResolver {
  @Needs("scan:read")
  @Query(() => ScanPlan, {
    description: "The engines that would take part in a scan requested now, and why the others would not.",
  })
  planScan(
    @Arg("input", () => PlanScanInput, { description: "The request." }) input: PlanScanInput,
    @Ctx() { mesh }: RequestContext,
  ): Promise<ScanPlanRecord> {
    const { sha256, priority } = input;
    if (typeof sha256 === "string" && !SHA256.test(sha256)) throw badInput("sha256", "must be 64 hex digits");
    return explainScan(mesh, {
      ...engineChoice(input),
      sha256: sha256?.toLowerCase(),
      mime: optional("mime", input.mime, mime),
      priority,
    });
  }
}
