import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Float, Int, Query, Resolver, Root } from "type-graphql";
import type { SignatureRecord, TypeRecord } from "../../../schema/reports.js";
import { StatisticsInterval } from "../../../schema/graphql/enums.js";
import {
  Durations,
  EngineStatistics,
  SignatureCount,
  Statistics,
  StatisticsPoint,
  TypeCount,
  VerdictCounts,
} from "../../../schema/graphql/statistics.js";
import { readTopSignatures, readTopTypes, readWaits, type Buckets } from "../../db/statistics.js";
import { badInput } from "../../errors.js";
import {
  quantile,
  readEngineStatistics,
  readPoints,
  statisticsRange,
  type EngineStatisticsRecord,
  type Point,
  type StatisticsRange,
} from "../../scan/statistics.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

const TYPICAL_POINTS = 100;
const TYPICAL_ENGINES = 25;
const TOP = { default: 10, most: 100 };

@Resolver(() => Statistics)
export class StatisticsResolver {
  @Needs("scan:read")
  @Query(() => Statistics, { description: "Scans that became final in a range of time." })
  stats(
    @Arg("from", () => GraphQLDateTimeISO, { nullable: true, description: "From when on; without it a day before the end." })
    from: Date | null | undefined,
    @Arg("to", () => GraphQLDateTimeISO, { nullable: true, description: "Until when; without it until now." })
    to: Date | null | undefined,
    @Arg("interval", () => StatisticsInterval, { defaultValue: StatisticsInterval.HOUR, description: "How long each point is." })
    interval: StatisticsInterval,
  ): StatisticsRange {
    return statisticsRange(interval, from ?? undefined, to ?? undefined);
  }

  @FieldResolver(() => [StatisticsPoint], { complexity: ({ childComplexity }) => 1 + TYPICAL_POINTS * childComplexity })
  points(@Root() range: StatisticsRange, @Ctx() { mesh }: RequestContext): Promise<Point[]> {
    return readPoints(mesh.db, range);
  }

  @FieldResolver(() => Durations)
  async waits(@Root() range: StatisticsRange, @Ctx() { mesh }: RequestContext): Promise<Durations> {
    return durationsOf(await readWaits(mesh.db, range));
  }

  @FieldResolver(() => [EngineStatistics], { complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity })
  engines(@Root() range: StatisticsRange, @Ctx() { mesh }: RequestContext): Promise<EngineStatisticsRecord[]> {
    return readEngineStatistics(mesh.db, range);
  }

  @FieldResolver(() => [SignatureCount], { complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity })
  topSignatures(
    @Root() range: StatisticsRange,
    @Arg("first", () => Int, { defaultValue: TOP.default, description: "How many: 1 to 100." }) first: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<SignatureRecord[]> {
    return readTopSignatures(mesh.db, range, top(first));
  }

  @FieldResolver(() => [TypeCount], { complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity })
  topTypes(
    @Root() range: StatisticsRange,
    @Arg("first", () => Int, { defaultValue: TOP.default, description: "How many: 1 to 100." }) first: number,
    @Ctx() { mesh }: RequestContext,
  ): Promise<TypeRecord[]> {
    return readTopTypes(mesh.db, range, top(first));
  }
}

function top(first: number): number {
  if (first < 1 || first > TOP.most) throw badInput("first", `must be from 1 to ${TOP.most}`);
  return first;
}

function durationsOf(buckets: Buckets): Durations {
  return { p50Ms: quantile(buckets, 0.5), p95Ms: quantile(buckets, 0.95) };
}

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

@Resolver(() => EngineStatistics)
export class EngineStatisticsResolver {
  @FieldResolver(() => GraphQLSafeInt)
  results(@Root() counts: EngineStatisticsRecord): number {
    return stated(counts) + counts.silent + errorsOf(counts) + counts.cancelled;
  }

  @FieldResolver(() => GraphQLSafeInt)
  detections(@Root() { suspicious, infected }: EngineStatisticsRecord): number {
    return suspicious + infected;
  }

  @FieldResolver(() => Float, { nullable: true })
  detectionRate(@Root() counts: EngineStatisticsRecord): number | null {
    return share(counts.suspicious + counts.infected, stated(counts));
  }

  @FieldResolver(() => GraphQLSafeInt)
  errors(@Root() counts: EngineStatisticsRecord): number {
    return errorsOf(counts);
  }

  @FieldResolver(() => Float, { nullable: true })
  errorRate(@Root() counts: EngineStatisticsRecord): number | null {
    return share(errorsOf(counts), stated(counts) + counts.silent + errorsOf(counts));
  }

  @FieldResolver(() => Float, { nullable: true })
  agreement(@Root() { agreed, compared }: EngineStatisticsRecord): number | null {
    return share(agreed, compared);
  }

  @FieldResolver(() => Durations)
  durations(@Root() { durations }: EngineStatisticsRecord): Durations {
    return durationsOf(durations);
  }

  @FieldResolver(() => Float, { nullable: true })
  signatureAgeSeconds(@Root() { signatureDate }: EngineStatisticsRecord): number | null {
    return signatureDate && (Date.now() - signatureDate.getTime()) / 1_000;
  }
}

function stated({ clean, suspicious, infected }: EngineStatisticsRecord): number {
  return clean + suspicious + infected;
}

function errorsOf({ failed, timeout, noAgent, unscanned }: EngineStatisticsRecord): number {
  return failed + timeout + noAgent + unscanned;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
