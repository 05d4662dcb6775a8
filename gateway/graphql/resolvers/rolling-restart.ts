import { Arg, Ctx, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { RollingRestart, RollingRestartResult, type RollingRestartSuccess } from "../../../schema/graphql/rolling-restart.js";
import { readLastRestart, type RollingRestartRecord } from "../../db/rolling-restarts.js";
import { restartAgents, stopRestart } from "../../scan/rolling-restart.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

@Resolver(() => RollingRestart)
export class RollingRestartResolver {
  @Needs("scan:read")
  @Query(() => RollingRestart, { nullable: true, description: "The last rolling restart of agents; null if there was none." })
  async rollingRestart(@Ctx() { mesh }: RequestContext): Promise<RollingRestartRecord | null> {
    return (await readLastRestart(mesh.db)) ?? null;
  }

  @Needs("scan:read")
  @Subscription(() => RollingRestart, {
    nullable: true,
    description: "`rollingRestart`, then as it is after each change.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.hostWatches.rollingRestart.watch(),
  })
  rollingRestartUpdated(@Root() { items }: ListChange<RollingRestartRecord | null>): RollingRestartRecord | null {
    return items[0] ?? null;
  }

  @Needs("fleet:write")
  @Mutation(() => RollingRestartResult, {
    description:
      "Restarts agents one after the other: each takes no new work, hands back what it does not finish within its drain grace, ends, and is started again by what supervises it. The next one's turn comes when it is online with its engines healthy. It stops at the first that is not back within 10 minutes.",
  })
  restartAgents(
    @Arg("agents", () => [String], {
      nullable: true,
      description: "Their own names, in this order; without it all that are online.",
    })
    agents: string[] | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<RollingRestartSuccess | UserErrorRecord> {
    return orUserError([], async () => ({ rollingRestart: await restartAgents(mesh, caller, agents ?? undefined) }));
  }

  @Needs("fleet:write")
  @Mutation(() => RollingRestartResult, {
    description: "Restarts no further agent. The one whose turn it is ends and is started again all the same.",
  })
  stopRestart(@Ctx() { mesh, caller }: RequestContext): Promise<RollingRestartSuccess | UserErrorRecord> {
    return orUserError([], async () => ({ rollingRestart: await stopRestart(mesh, caller) }));
  }
}
