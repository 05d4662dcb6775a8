import { GraphQLDateTimeISO } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import { StatisticsInterval } from "../../../schema/graphql/statistics.js";
import {
  Durations,
  EngineStatistics,
  SignatureCount,
  Statistics,
  StatisticsPoint,
  TypeCount,
} from "../../../schema/graphql/statistics.js";
import type { SignatureRecord, TypeRecord } from "../../../schema/reports.js";
import { readTopSignatures, readTopTypes, readWaits } from "../../db/statistics.js";
import { badInput } from "../../errors.js";
import {
  readEngineStatistics,
  readPoints,
  statisticsRange,
  type EngineStatisticsRecord,
  type Point,
  type StatisticsRange,
} from "../../scan/statistics.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";
import { summarize } from "./durations.js";

const TOP = { default: 10, most: 100 };

@Resolver(() => Statistics)
export class StatisticsResolver {
  @Needs("scan:read")
  @Query(() => Statistics, { description: "Scans that became final in a range of time." })
  stats(
    @Arg("from", () => GraphQLDateTimeISO, {
      nullable: true,
      description: "The start; without it one day before the end, in whole hours.",
    })
    from: Date | null | undefined,
    @Arg("to", () => GraphQLDateTimeISO, { nullable: true, description: "The end; without it now." })
    to: Date | null | undefined,
    @Arg("interval", () => StatisticsInterval, {
      defaultValue: StatisticsInterval.HOUR,
      description: "The length of each point.",
    })
    interval: StatisticsInterval,
  ): StatisticsRange {
    return statisticsRange(interval, from ?? undefined, to ?? undefined);
  }

  @FieldResolver(() => [StatisticsPoint], { complexity: listCost(TYPICAL.points) })
  points(@Root() range: StatisticsRange, @Ctx() { mesh }: RequestContext): Promise<Point[]> {
    return readPoints(mesh.db, range);
  }

  @FieldResolver(() => Durations)
  async waits(@Root() range: StatisticsRange, @Ctx() { mesh }: RequestContext): Promise<Durations> {
    return summarize(await readWaits(mesh.db, range));
  }

  @FieldResolver(() => [EngineStatistics], { complexity: listCost(TYPICAL.engines) })
  async engines(
    @Root() range: StatisticsRange,
    @Arg("names", () => [String], { nullable: true, description: "Only these engines, by their exact names; without it all." })
    names: readonly string[] | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ): Promise<EngineStatisticsRecord[]> {
    const engines = await readEngineStatistics(mesh.db, range);
    return names ? engines.filter(({ engine }) => names.includes(engine)) : engines;
  }

  @FieldResolver(() => [SignatureCount], { complexity: pageCost })
  topSignatures(
    @Root() range: StatisticsRange,
    @Arg("first", () => Int, { defaultValue: TOP.default, description: "How many: 1 to 100." }) first: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<SignatureRecord[]> {
    return readTopSignatures(mesh.db, range, topLength(first));
  }

  @FieldResolver(() => [TypeCount], { complexity: pageCost })
  topTypes(
    @Root() range: StatisticsRange,
    @Arg("first", () => Int, { defaultValue: TOP.default, description: "How many: 1 to 100." }) first: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<TypeRecord[]> {
    return readTopTypes(mesh.db, range, topLength(first));
  }
}

function topLength(first: number): number {
  if (first < 1 || first > TOP.most) throw badInput("first", `must be from 1 to ${TOP.most}`);
  return first;
}
