import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import {
  AgentSettings,
  EngineSettingsInput,
  UpdateAgentSettingsResult,
  type UpdateAgentSettingsSuccess,
} from "../../../schema/graphql/agent-settings.js";
import { readAgentSettings, type AgentSettingsRecord } from "../../db/agent-settings.js";
import { updateAgentSettings } from "../../scan/agent-settings.js";
import { setAgentUpdateWindow } from "../../updates/windows.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => AgentSettings)
export class AgentSettingsResolver {
  @Needs("scan:read")
  @Query(() => [AgentSettings], {
    description: "What the mesh sets of the engines of agents, by agent; those of which nothing was ever set are left out.",
    complexity: listCost(TYPICAL.agents),
  })
  agentSettings(@Ctx() { mesh }: RequestContext): Promise<AgentSettingsRecord[]> {
    return readAgentSettings(mesh.db);
  }

  @Needs("scan:read")
  @Subscription(() => [AgentSettings], {
    description: "`agentSettings`, then the whole list again after each change, also of what agents have applied.",
    complexity: listCost(TYPICAL.agents),
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.hostWatches.agentSettings.watch(),
  })
  agentSettingsUpdated(@Root() { items }: ListChange<readonly AgentSettingsRecord[]>): readonly AgentSettingsRecord[] {
    return items[0] ?? [];
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the agent is online and runs its engines so, except for what `problems` says.",
  })
  applied(@Root() { agent, revision }: AgentSettingsRecord, @Ctx() { mesh }: RequestContext): boolean {
    return mesh.fleet.agents().some((one) => one.agent === agent && one.settings?.revision === revision);
  }

  @FieldResolver(() => [String], { description: "What of it the agent cannot apply, a sentence each." })
  problems(@Root() { agent, revision }: AgentSettingsRecord, @Ctx() { mesh }: RequestContext): readonly string[] {
    const present = mesh.fleet.agents().find((one) => one.agent === agent);
    if (present && !present.settings)
      return ["The agent is of an older version, which knows no settings of the mesh: update it."];
    return present?.settings?.revision === revision ? present.settings.problems : [];
  }

  @Needs("fleet:write")
  @Mutation(() => UpdateAgentSettingsResult, {
    description:
      "Sets slots and limits of engines of an agent, and whether they run there. The agent applies it while it works: each engine that changes finishes what it has, and starts anew. It holds across restarts.",
  })
  updateAgentSettings(
    @Arg("agent", () => String, { description: "The agent's own name (`agent`)." }) agent: string,
    @Arg("engines", () => [EngineSettingsInput], { description: "The engines to set; the others stay as they are." })
    engines: EngineSettingsInput[],
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<UpdateAgentSettingsSuccess | UserErrorRecord> {
    return orUserError([], async () => ({
      agentSettings: await updateAgentSettings(
        mesh,
        caller,
        agent,
        engines.map((one) => ({ ...one })),
      ),
    }));
  }

  @Needs("fleet:write")
  @Mutation(() => UpdateAgentSettingsResult, {
    description:
      "Sets between which minutes of the day (UTC) the engines of an agent follow updates of the mesh, whoever asked for them. Without any it is at any time. What is rolled back goes back at once.",
  })
  setAgentUpdateWindow(
    @Arg("agent", () => String, { description: "The agent's own name (`agent`)." }) agent: string,
    @Arg("windowFrom", () => Int, { nullable: true, description: "The first minute: 0 to 1439." })
    windowFrom: number | null | undefined,
    @Arg("windowTo", () => Int, { nullable: true, description: "The minute at its end; before `windowFrom`: of the next day." })
    windowTo: number | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<UpdateAgentSettingsSuccess | UserErrorRecord> {
    const window = { windowFrom: windowFrom ?? null, windowTo: windowTo ?? null };
    return orUserError([], async () => ({ agentSettings: await setAgentUpdateWindow(mesh, caller, agent, window) }));
  }
}
