import { GraphQLDateTimeISO } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { SampleOrder, ScanOrder } from "../../../schema/graphql/orders.js";
import { SampleConnection } from "../../../schema/graphql/sample-connection.js";
import { SampleFilter } from "../../../schema/graphql/sample-filter.js";
import { Sample } from "../../../schema/graphql/sample.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { Scan } from "../../../schema/graphql/scan.js";
import { DeleteSampleResult, type DeleteSampleSuccess } from "../../../schema/graphql/withdraw.js";
import type { SampleRecord, ScanRecord } from "../../../schema/reports.js";
import { countSamples, listSamples, type PlacedSample } from "../../db/sample-list.js";
import { findSample } from "../../db/samples.js";
import { deleteSample } from "../../scan/delete.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { hash as readHash } from "../inputs/filter-values.js";
import { withCount, type CountedConnection } from "../inputs/list-counts.js";
import { sampleCriteria } from "../inputs/sample-criteria.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { pageCost } from "../limits/list-cost.js";

@Resolver(() => Sample)
export class SampleResolver {
  @Needs("scan:read")
  @Query(() => Sample, { nullable: true, description: "The newest sample with this hash, or null." })
  async sample(
    @Arg("hash", () => String, { description: "Its md5, sha1 or sha256 in hex." }) hash: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<SampleRecord | null> {
    return (await findSample(mesh.db, readHash("hash", hash))) ?? null;
  }

  @Needs("scan:read")
  @Query(() => SampleConnection, {
    description: "Samples, a page at a time. A cursor continues the list of the same filter and order.",
    complexity: pageCost,
  })
  async samples(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("order", () => SampleOrder, { defaultValue: SampleOrder.NEWEST_FIRST, description: "Newest or oldest first." })
    order: SampleOrder,
    @Arg("filter", () => SampleFilter, { nullable: true, description: "Which samples; without it all of them." })
    filter: SampleFilter | null | undefined,
    @Ctx() { list: read }: RequestContext,
  ): Promise<CountedConnection<PlacedSample>> {
    const limit = pageLength(first) + 1;
    const criteria = sampleCriteria(filter);
    const list = `samples ${order}${criteria.firstSeen ? " by time" : ""}`;
    const page = { limit, after: placeOf(list, after), newestFirst: order === SampleOrder.NEWEST_FIRST };
    const found = await read((db) => listSamples(db, criteria, page));
    const cursor = ({ sampleId, seenMicros }: PlacedSample) => cursorOf(list, { id: sampleId, micros: seenMicros });
    return withCount(pageOf(found, { first, continued: page.after !== undefined, cursorOf: cursor }), () =>
      read((db) => countSamples(db, criteria)),
    );
  }

  @FieldResolver(() => GraphQLDateTimeISO, {
    description: "When its newest scan was accepted; `firstSeen` if it was never scanned.",
  })
  async lastSeen(@Root() { sampleId, firstSeen }: SampleRecord, @Ctx() { loaders }: RequestContext): Promise<Date> {
    return (await loaders().histories.load(sampleId))?.lastScan ?? firstSeen;
  }

  @FieldResolver(() => [String], {
    description: "Its distinct file names, the newest first: at most 20, from its newest 1,000 scans.",
  })
  async names(@Root() { sampleId }: SampleRecord, @Ctx() { loaders }: RequestContext): Promise<readonly string[]> {
    return (await loaders().histories.load(sampleId))?.names ?? [];
  }

  @FieldResolver(() => Scan, { nullable: true, description: "Its newest scan; null if it was never scanned." })
  async latestScan(@Root() { sampleId }: SampleRecord, @Ctx() { loaders }: RequestContext): Promise<ScanRecord | null> {
    const [newest] = await loaders().scansOfSamples({ limit: 1, newestFirst: true }).load(sampleId);
    return newest ?? null;
  }

  @FieldResolver(() => ScanConnection, {
    description: "Its scans, a page at a time.",
    complexity: pageCost,
  })
  async scans(
    @Root() { sampleId }: SampleRecord,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("order", () => ScanOrder, { defaultValue: ScanOrder.NEWEST_FIRST, description: "Newest or oldest first." })
    order: ScanOrder,
    @Ctx() { loaders }: RequestContext,
  ): Promise<CountedConnection<ScanRecord>> {
    const list = `scans of sample ${sampleId} ${order}`;
    const page = { limit: pageLength(first) + 1, after: placeOf(list, after), newestFirst: order === ScanOrder.NEWEST_FIRST };
    const found = await loaders().scansOfSamples(page).load(sampleId);
    const cursor = ({ scanId }: ScanRecord) => cursorOf(list, { id: scanId, micros: 0 });
    return withCount(pageOf(found, { first, continued: page.after !== undefined, cursorOf: cursor }), () =>
      loaders().scanCounts.load(sampleId),
    );
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Where to download its bytes, with a key that has the scope `SAMPLE_READ`; `?format=zip` gives a zip with the password `infected`. Null when they are no longer stored.",
  })
  downloadUrl(@Root() { sha256, stored }: SampleRecord, @Ctx() { baseUrl }: RequestContext): string | null {
    return stored ? `${baseUrl}/samples/${sha256}` : null;
  }

  @Needs("admin")
  @Mutation(() => DeleteSampleResult, {
    description: "Deletes a sample: its bytes, its record and all its scans. Open scans are cancelled first.",
  })
  deleteSample(
    @Arg("sha256", () => String, { description: "The sample's sha256 in hex." }) sha256: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<DeleteSampleSuccess | UserErrorRecord> {
    return orUserError(["sha256"], async () => ({
      sha256: sha256.toLowerCase(),
      scans: await deleteSample(mesh, caller, sha256),
    }));
  }
}
