// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** The length of each point of statistics. */
export type StatisticsInterval =
  /** A day, UTC. */
  | 'DAY'
  /** An hour. */
  | 'HOUR';

export type ReadStatisticsQueryVariables = Exact<{
  from: string;
  interval: StatisticsInterval;
}>;


export type ReadStatisticsQuery = { readonly stats: { readonly from: string, readonly to: string, readonly points: ReadonlyArray<{ readonly start: string, readonly scans: number, readonly verdicts: { readonly infected: number, readonly suspicious: number, readonly inconclusive: number, readonly clean: number } }>, readonly waits: { readonly p50Ms: number | null, readonly p95Ms: number | null }, readonly engines: ReadonlyArray<{ readonly engine: string, readonly results: number, readonly detections: number, readonly errors: number, readonly errorRate: number | null, readonly agreement: number | null, readonly durations: { readonly p50Ms: number | null, readonly p95Ms: number | null } }>, readonly topSignatures: ReadonlyArray<{ readonly engine: string, readonly signature: string, readonly results: number }>, readonly topTypes: ReadonlyArray<{ readonly mime: string, readonly scans: number, readonly detected: number }> } };

export type ReadEnginePointsQueryVariables = Exact<{
  from: string;
  interval: StatisticsInterval;
  engine: string;
}>;


export type ReadEnginePointsQuery = { readonly stats: { readonly to: string, readonly engines: ReadonlyArray<{ readonly engine: string, readonly points: ReadonlyArray<{ readonly start: string, readonly results: number, readonly detections: number, readonly errors: number, readonly errorRate: number | null, readonly durations: { readonly p50Ms: number | null, readonly p95Ms: number | null } }> }> } };

export const ReadStatistics = "query ReadStatistics($from: DateTimeISO!, $interval: StatisticsInterval!) {\n  stats(from: $from, interval: $interval) {\n    from\n    to\n    points {\n      start\n      scans\n      verdicts {\n        infected\n        suspicious\n        inconclusive\n        clean\n      }\n    }\n    waits {\n      p50Ms\n      p95Ms\n    }\n    engines {\n      engine\n      results\n      detections\n      errors\n      errorRate\n      agreement\n      durations {\n        p50Ms\n        p95Ms\n      }\n    }\n    topSignatures(first: 10) {\n      engine\n      signature\n      results\n    }\n    topTypes(first: 10) {\n      mime\n      scans\n      detected\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadStatisticsQuery, ReadStatisticsQueryVariables>;

export const ReadEnginePoints = "query ReadEnginePoints($from: DateTimeISO!, $interval: StatisticsInterval!, $engine: String!) {\n  stats(from: $from, interval: $interval) {\n    to\n    engines(names: [$engine]) {\n      engine\n      points {\n        start\n        results\n        detections\n        errors\n        errorRate\n        durations {\n          p50Ms\n          p95Ms\n        }\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadEnginePointsQuery, ReadEnginePointsQueryVariables>;
