import { Arg, Ctx, ID, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import {
  AcceptAgentResult,
  AgentKey,
  RevokeAgentResult,
  type AcceptAgentSuccess,
  type RevokeAgentSuccess,
} from "../../../schema/graphql/agent-key.js";
import { readAgentKeys, type AgentKeyRecord } from "../../db/agent-keys.js";
import { acceptAgent, revokeAgent } from "../../join/agent-keys.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

const KEY_HOLDER = "The name of the agent, as `agentKeys` has it.";

@Resolver(() => AgentKey)
export class AgentKeyResolver {
  @Needs("admin")
  @Query(() => [AgentKey], {
    description: "The keys of agents that have joined, by name; those that wait and revoked ones too.",
    complexity: listCost(TYPICAL.agents),
  })
  agentKeys(@Ctx() { mesh }: RequestContext): Promise<AgentKeyRecord[]> {
    return readAgentKeys(mesh.db);
  }

  @Needs("admin")
  @Subscription(() => [AgentKey], {
    description: "`agentKeys`, then the whole list again after each change.",
    complexity: listCost(TYPICAL.agents),
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.hostWatches.agentKeys.watch(),
  })
  agentKeysUpdated(@Root() { items }: ListChange<readonly AgentKeyRecord[]>): readonly AgentKeyRecord[] {
    return items[0] ?? [];
  }

  @Needs("admin")
  @Mutation(() => AcceptAgentResult, {
    description: "Gives an agent's name to the key that waits for it: its host was installed anew. The key before is revoked.",
  })
  acceptAgent(
    @Arg("agent", () => String, { description: KEY_HOLDER }) agent: string,
    @Arg("publicKey", () => ID, { nullable: true, description: "Which key, if several wait for the name." })
    publicKey: string | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<AcceptAgentSuccess | UserErrorRecord> {
    return orUserError([], async () => ({ agentKey: await acceptAgent(mesh, caller, agent, publicKey ?? undefined) }));
  }

  @Needs("admin")
  @Mutation(() => RevokeAgentResult, {
    description:
      "Takes an agent's key from it: it is cut off within 5 seconds, its work goes to others, and it is let in nowhere.",
  })
  revokeAgent(
    @Arg("agent", () => String, { description: KEY_HOLDER }) agent: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<RevokeAgentSuccess | UserErrorRecord> {
    return orUserError(["agent"], async () => ({ agentKey: await revokeAgent(mesh, caller, agent) }));
  }
}
