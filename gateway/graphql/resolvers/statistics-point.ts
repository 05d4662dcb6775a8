import { GraphQLSafeInt } from "graphql-scalars";
import { FieldResolver, Resolver, Root } from "type-graphql";
import { StatisticsPoint, VerdictCounts } from "../../../schema/graphql/statistics.js";
import type { Point } from "../../scan/statistics.js";

@Resolver(() => StatisticsPoint)
export class StatisticsPointResolver {
  @FieldResolver(() => GraphQLSafeInt)
  scans(@Root() { inconclusive, clean, suspicious, infected }: Point): number {
    return inconclusive + clean + suspicious + infected;
  }

  @FieldResolver(() => VerdictCounts)
  verdicts(@Root() point: Point): VerdictCounts {
    return point;
  }
}
