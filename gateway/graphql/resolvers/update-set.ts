import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { SetUpdatePolicyResult, UpdatePolicyInput } from "../../../schema/graphql/update-actions.js";
import { UpdatePolicy, UpdateSet } from "../../../schema/graphql/update-set.js";
import type { PolicyRecord } from "../../db/update-policies.js";
import type { UpdateSetRecord } from "../../db/update-sets.js";
import { setUpdatePolicy } from "../../updates/policies.js";
import { readUpdateSets } from "../../updates/update-sets.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => UpdatePolicy)
export class UpdatePolicyResolver {
  @FieldResolver(() => Int)
  checkEverySeconds(@Root() { checkEveryMs }: PolicyRecord): number {
    return Math.round(checkEveryMs / 1_000);
  }
}

@Resolver(() => UpdateSet)
export class UpdateSetResolver {
  @Needs("scan:read")
  @Query(() => [UpdateSet], {
    description: "The sets of every engine, by name, and how far each host is with them.",
    complexity: listCost(TYPICAL.engines),
  })
  updateSets(@Ctx() { mesh }: RequestContext): Promise<UpdateSetRecord[]> {
    return readUpdateSets(mesh);
  }

  @Needs("scan:read")
  @Subscription(() => [UpdateSet], {
    description: "`updateSets`, then the whole list again after each change.",
    complexity: listCost(TYPICAL.engines),
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.hostWatches.updateSets.watch(),
  })
  updateSetsUpdated(@Root() { items }: ListChange<readonly UpdateSetRecord[]>): readonly UpdateSetRecord[] {
    return items[0] ?? [];
  }

  @Needs("fleet:write")
  @Mutation(() => SetUpdatePolicyResult, {
    description: "Changes when the bundles of a set are served, and how. What is left out stays.",
  })
  setUpdatePolicy(
    @Arg("input", () => UpdatePolicyInput, { description: "The policy." }) input: UpdatePolicyInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ policy: PolicyRecord } | UserErrorRecord> {
    const { engine, set, automatic, checkEverySeconds, windowFrom, windowTo } = input;
    return orUserError(["input"], async () => ({
      policy: await setUpdatePolicy(mesh, caller, {
        engine,
        set,
        ...(typeof automatic === "boolean" && { automatic }),
        ...(typeof checkEverySeconds === "number" && { checkEveryMs: checkEverySeconds * 1_000 }),
        ...(windowFrom !== undefined && { windowFrom }),
        ...(windowTo !== undefined && { windowTo }),
        ...(input.switch && { switch: input.switch }),
      }),
    }));
  }
}
