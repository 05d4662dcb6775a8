import { GraphQLSafeInt } from "graphql-scalars";
import { Ctx, FieldResolver, Float, Resolver, Root } from "type-graphql";
import { Durations, EngineAnswers, EngineStatistics, EngineStatisticsPoint } from "../../../schema/graphql/statistics.js";
import type { EnginePointCounts } from "../../../schema/reports.js";
import type { Buckets } from "../../db/statistics.js";
import type { EnginePoint, EngineStatisticsRecord } from "../../scan/statistics.js";
import type { RequestContext } from "../context/request-context.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";
import { summarize } from "./durations.js";

/** The data behind an engine's statistics, for a whole range or one interval. */
type Counted = EnginePointCounts & { readonly durations: Buckets };

@Resolver(() => EngineAnswers)
export class EngineAnswersResolver {
  @FieldResolver(() => GraphQLSafeInt)
  results(@Root() counts: Counted): number {
    return countVerdicts(counts) + counts.silent + countErrors(counts) + counts.cancelled;
  }

  @FieldResolver(() => GraphQLSafeInt)
  detections(@Root() { suspicious, infected }: Counted): number {
    return suspicious + infected;
  }

  @FieldResolver(() => Float, { nullable: true })
  detectionRate(@Root() counts: Counted): number | null {
    return share(counts.suspicious + counts.infected, countVerdicts(counts));
  }

  @FieldResolver(() => GraphQLSafeInt)
  errors(@Root() counts: Counted): number {
    return countErrors(counts);
  }

  @FieldResolver(() => Float, { nullable: true })
  errorRate(@Root() counts: Counted): number | null {
    return share(countErrors(counts), countVerdicts(counts) + counts.silent + countErrors(counts));
  }

  @FieldResolver(() => Durations)
  durations(@Root() { durations }: Counted): Durations {
    return summarize(durations);
  }
}

@Resolver(() => EngineStatistics)
export class EngineStatisticsResolver {
  @FieldResolver(() => [EngineStatisticsPoint], { complexity: listCost(TYPICAL.points) })
  async points(
    @Root() { engineId, range }: EngineStatisticsRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly EnginePoint[]> {
    return (await loaders().enginePoints(range)).get(engineId) ?? [];
  }

  @FieldResolver(() => Float, { nullable: true })
  agreement(@Root() { agreed, compared }: EngineStatisticsRecord): number | null {
    return share(agreed, compared);
  }

  @FieldResolver(() => Float, { nullable: true })
  signatureAgeSeconds(@Root() { signatureDate }: EngineStatisticsRecord): number | null {
    return signatureDate && (Date.now() - signatureDate.getTime()) / 1_000;
  }
}

function countVerdicts({ clean, suspicious, infected }: EnginePointCounts): number {
  return clean + suspicious + infected;
}

function countErrors({ failed, timeout, noAgent, unscanned }: EnginePointCounts): number {
  return failed + timeout + noAgent + unscanned;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
