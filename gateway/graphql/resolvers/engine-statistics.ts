import { GraphQLSafeInt } from "graphql-scalars";
import { FieldResolver, Float, Resolver, Root } from "type-graphql";
import { Durations, EngineStatistics } from "../../../schema/graphql/statistics.js";
import type { EngineStatisticsRecord } from "../../scan/statistics.js";
import { summarize } from "./durations.js";

@Resolver(() => EngineStatistics)
export class EngineStatisticsResolver {
  @FieldResolver(() => GraphQLSafeInt)
  results(@Root() counts: EngineStatisticsRecord): number {
    return countVerdicts(counts) + counts.silent + countErrors(counts) + counts.cancelled;
  }

  @FieldResolver(() => GraphQLSafeInt)
  detections(@Root() { suspicious, infected }: EngineStatisticsRecord): number {
    return suspicious + infected;
  }

  @FieldResolver(() => Float, { nullable: true })
  detectionRate(@Root() counts: EngineStatisticsRecord): number | null {
    return share(counts.suspicious + counts.infected, countVerdicts(counts));
  }

  @FieldResolver(() => GraphQLSafeInt)
  errors(@Root() counts: EngineStatisticsRecord): number {
    return countErrors(counts);
  }

  @FieldResolver(() => Float, { nullable: true })
  errorRate(@Root() counts: EngineStatisticsRecord): number | null {
    return share(countErrors(counts), countVerdicts(counts) + counts.silent + countErrors(counts));
  }

  @FieldResolver(() => Float, { nullable: true })
  agreement(@Root() { agreed, compared }: EngineStatisticsRecord): number | null {
    return share(agreed, compared);
  }

  @FieldResolver(() => Durations)
  durations(@Root() { durations }: EngineStatisticsRecord): Durations {
    return summarize(durations);
  }

  @FieldResolver(() => Float, { nullable: true })
  signatureAgeSeconds(@Root() { signatureDate }: EngineStatisticsRecord): number | null {
    return signatureDate && (Date.now() - signatureDate.getTime()) / 1_000;
  }
}

function countVerdicts({ clean, suspicious, infected }: EngineStatisticsRecord): number {
  return clean + suspicious + infected;
}

function countErrors({ failed, timeout, noAgent, unscanned }: EngineStatisticsRecord): number {
  return failed + timeout + noAgent + unscanned;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
