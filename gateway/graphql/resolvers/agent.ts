import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Agent, AgentEngine, GoneAgent } from "../../../schema/graphql/agent.js";
import { AgentOrderResult, RemoveAgentResult, type AgentOrderSuccess } from "../../../schema/graphql/fleet-actions.js";
import { AgentChange } from "../../../schema/graphql/fleet-changes.js";
import type { AgentState } from "../../../schema/control.js";
import type { EnginePresence } from "../../../schema/presence.js";
import { hasStaleSignatures } from "../../../schema/stale.js";
import type { AgentRecord } from "../../db/agents.js";
import type { PresentAgent } from "../../fleet/presence.js";
import { readGoneAgents } from "../../scan/gone-agents.js";
import { setAgentState } from "../../scan/agent-orders.js";
import { removeAgent } from "../../scan/removed.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

const AGENT = "The agent's own name (`agent`).";

@Resolver(() => AgentEngine)
export class AgentEngineResolver {
  @FieldResolver(() => Boolean)
  stale(@Root() engine: EnginePresence): boolean {
    return hasStaleSignatures(engine);
  }
}

@Resolver(() => Agent)
export class AgentResolver {
  @Needs("scan:read")
  @Query(() => [Agent], {
    description: "The online agents, by name.",
    complexity: listCost(TYPICAL.agents),
  })
  agents(@Ctx() { mesh }: RequestContext): readonly PresentAgent[] {
    return mesh.fleet.agents();
  }

  @Needs("scan:read")
  @Query(() => [GoneAgent], {
    description:
      "Agents that are not online any more, the latest first: for a week, unless they said that they would not come back, or `removeAgent` forgot them.",
    complexity: listCost(TYPICAL.agents),
  })
  goneAgents(@Ctx() { mesh }: RequestContext): Promise<AgentRecord[]> {
    return readGoneAgents(mesh);
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, {
    description: "The agent takes no new work and finishes what it has. It stays so, also after a restart, until `resumeAgent`.",
  })
  cordonAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return setState(context, agent, "CORDONED");
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, {
    description:
      "The agent takes no new work and hands back to other agents what it does not finish within its drain grace. It stays so, also after a restart, until `resumeAgent`.",
  })
  drainAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return setState(context, agent, "DRAINING");
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, { description: "The agent takes work again." })
  resumeAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return setState(context, agent, "READY");
  }

  @Needs("fleet:write")
  @Mutation(() => RemoveAgentResult, {
    description:
      "Forgets an agent that has ended and will not come back, its order and its key: another host may have its name, and it joins again if it comes back after all. Scans no longer wait for engines that no other agent has: their results become NO_AGENT.",
  })
  removeAgent(
    @Arg("agent", () => String, { description: AGENT }) agent: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ agent: string; engines: readonly string[] } | UserErrorRecord> {
    return orUserError(["agent"], async () => ({ agent, engines: await removeAgent(mesh, caller, agent) }));
  }

  @Needs("scan:read")
  @Subscription(() => AgentChange, {
    description: "The online agents, then each agent that comes online, changes or goes offline.",
    subscribe: ({ args, context }: { args: { heartbeats: boolean }; context: RequestContext }) =>
      context.mesh.fleetWatches[args.heartbeats ? "heartbeats" : "agents"].watch(),
  })
  agentChanged(
    @Arg("heartbeats", () => Boolean, {
      defaultValue: false,
      description: "Whether a newer `lastHeardAt` alone counts as a change, too; then changes are told once a second at most.",
    })
    _heartbeats: boolean,
    @Root() { items, ...event }: ListChange<PresentAgent>,
  ) {
    return { ...event, agents: items };
  }

  @Needs("scan:read")
  @Subscription(() => [GoneAgent], {
    description: "`goneAgents`, then the whole list again after each change.",
    complexity: listCost(TYPICAL.agents),
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.fleetWatches.goneAgents.watch(),
  })
  goneAgentsUpdated(@Root() { items }: ListChange<readonly AgentRecord[]>): readonly AgentRecord[] {
    return items[0] ?? [];
  }
}

async function setState(
  { mesh, caller }: RequestContext,
  agent: string,
  state: AgentState,
): Promise<AgentOrderSuccess | UserErrorRecord> {
  return orUserError(["agent"], async () => {
    await setAgentState(mesh, caller, agent, state);
    return { agent, state };
  });
}
