import { Arg, Ctx, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { SetRescanAfterUpdatesResult, UpdateRescan, UpdateRescanChange } from "../../../schema/graphql/update-rescans.js";
import type { UpdateRescanRecord } from "../../db/verdict-runs.js";
import { readUpdateRescans, setRescanAfterUpdates } from "../../scan/update-rescans.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => UpdateRescan)
export class UpdateRescanResolver {
  @Needs("scan:read")
  @Query(() => [UpdateRescan], {
    description: "Every engine that gives verdicts, by name, and whether samples are scanned again after its updates.",
    complexity: listCost(TYPICAL.engines),
  })
  updateRescans(@Ctx() { mesh }: RequestContext): Promise<UpdateRescanRecord[]> {
    return readUpdateRescans(mesh);
  }

  @Needs("scan:read")
  @Subscription(() => UpdateRescanChange, {
    description: "Whether samples are scanned again after updates, for each engine that gives verdicts; then each change.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.rescanWatch.watch(),
  })
  updateRescanChanged(@Root() { items, revision, snapshot }: ListChange<UpdateRescanRecord>) {
    return { revision, snapshot, rescans: items };
  }

  @Needs("fleet:write")
  @Mutation(() => SetRescanAfterUpdatesResult, {
    description:
      "Whether samples are scanned again by an engine after its signatures have changed on all of its hosts, to find verdicts that change with them: the newest first, one scan of each, with priority BULK in at most a fifth of its slots. It is off for every engine until it is switched on.",
  })
  setRescanAfterUpdates(
    @Arg("engine", () => String, { description: "The engine's name, regardless of case." }) engine: string,
    @Arg("enabled", () => Boolean, { description: "Whether it is on." }) enabled: boolean,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ rescan: UpdateRescanRecord } | UserErrorRecord> {
    return orUserError(["engine"], async () => ({ rescan: await setRescanAfterUpdates(mesh, caller, engine, enabled) }));
  }
}
