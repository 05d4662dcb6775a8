import { Ctx, Query, Resolver } from "type-graphql";
import type { Presence } from "../../../schema/messages.js";
import { Agent } from "../../../schema/graphql/agent.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

/** Agents that the cost of their list is reckoned with. */
const TYPICAL_AGENTS = 20;

@Resolver(() => Agent)
export class AgentResolver {
  @Needs("scan:read")
  @Query(() => [Agent], {
    description: "The agents that are there now, by name.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_AGENTS * childComplexity,
  })
  agents(@Ctx() { mesh }: RequestContext): readonly Presence[] {
    return mesh.fleet.agents();
  }
}
