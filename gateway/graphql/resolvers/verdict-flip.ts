import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root, Subscription } from "type-graphql";
import { Sample } from "../../../schema/graphql/sample.js";
import { Scan } from "../../../schema/graphql/scan.js";
import {
  VerdictFlip,
  VerdictFlipChange,
  VerdictFlipConnection,
  VerdictFlipFilter,
} from "../../../schema/graphql/verdict-flip.js";
import type { SampleRecord, ScanRecord } from "../../../schema/reports.js";
import { findEngineIds } from "../../db/engines.js";
import type { Database } from "../../db/database.js";
import { listFlips, type FlipCriteria, type VerdictFlipRecord } from "../../db/verdict-flips.js";
import { badInput } from "../../errors.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE, pageLength, pageOf, type Connection } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { entries, hashes, texts, times } from "../inputs/filter-values.js";
import { pageCost } from "../limits/list-cost.js";

const LIST = "verdictFlips";

@Resolver(() => VerdictFlip)
export class VerdictFlipResolver {
  @Needs("scan:read")
  @Query(() => VerdictFlipConnection, {
    description: "Verdicts of engines that have changed with their signatures, the newest first: see `setRescanAfterUpdates`.",
    complexity: pageCost,
  })
  async verdictFlips(
    @Arg("filter", () => VerdictFlipFilter, { nullable: true, description: "Which; without it all of them." })
    filter: VerdictFlipFilter | null | undefined,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Ctx() { mesh, list: read }: RequestContext,
  ): Promise<Connection<VerdictFlipRecord>> {
    const limit = pageLength(first) + 1;
    const place = placeOf(LIST, after);
    const criteria = await flipCriteria(mesh.db, filter);
    const find = (db: Database) => listFlips(db, criteria, { after: place?.id, limit });
    const found = await (filter ? read(find) : find(mesh.db));
    const cursor = ({ flipId }: VerdictFlipRecord) => cursorOf(LIST, { id: flipId, micros: 0 });
    return pageOf(found, { first, continued: place !== undefined, cursorOf: cursor });
  }

  @Needs("scan:read")
  @Subscription(() => VerdictFlipChange, {
    description: "The latest changed verdicts, then each that is new, checked about once a second.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.flipWatch.watch(),
  })
  verdictFlipped(@Root() { items, revision, snapshot }: ListChange<VerdictFlipRecord>) {
    return { revision, snapshot, flips: items };
  }

  @FieldResolver(() => String)
  id(@Root() { flipId }: VerdictFlipRecord): string {
    return String(flipId);
  }

  @FieldResolver(() => String)
  async engine(@Root() { engineId }: VerdictFlipRecord, @Ctx() { loaders }: RequestContext): Promise<string> {
    return found(await loaders().engines.load(engineId)).name;
  }

  @FieldResolver(() => Sample)
  async sample(@Root() { sampleId }: VerdictFlipRecord, @Ctx() { loaders }: RequestContext): Promise<SampleRecord> {
    return found(await loaders().samples.load(sampleId));
  }

  @FieldResolver(() => Scan)
  async scan(@Root() { scanId }: VerdictFlipRecord, @Ctx() { loaders }: RequestContext): Promise<ScanRecord> {
    return found(await loaders().scans.load(scanId));
  }

  @FieldResolver(() => Scan, { nullable: true })
  previous(@Root() { previous }: VerdictFlipRecord, @Ctx() { loaders }: RequestContext): Promise<ScanRecord | null> {
    return loaders().scans.load(previous);
  }
}

/** A flip is deleted with its scan and its sample, and engines are never deleted. */
function found<T>(record: T | null): T {
  if (record === null) throw new Error("it was deleted while it was read");
  return record;
}

async function flipCriteria(db: Database, filter: VerdictFlipFilter | null | undefined): Promise<FlipCriteria> {
  const names = texts("filter.engines", filter?.engines)?.map((name) => name.trim());
  const ids =
    names &&
    (await findEngineIds(
      db,
      names.map((name) => name.toLowerCase()),
    ));
  return {
    engineIds: names?.map((name) => {
      const id = ids?.get(name.toLowerCase());
      if (id === undefined) throw badInput("filter.engines", `there is no engine ${name}`);
      return id;
    }),
    toVerdicts: entries("filter.to", filter?.to),
    hashes: hashes("filter.hashes", filter?.hashes),
    at: times("filter.at", filter?.at),
  };
}
