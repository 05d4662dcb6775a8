import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { AgentState } from "../../../schema/messages.js";
import type { EngineRecord } from "../../../schema/reports.js";
import {
  AcceptEngineChangeResult,
  AgentOrderResult,
  SelfTestEngineResult,
  SetEngineEnabledResult,
  type AgentOrderSuccess,
} from "../../../schema/graphql/fleet-actions.js";
import { readEngines } from "../../db/engines.js";
import { setAgentState } from "../../scan/agent-orders.js";
import type { ScanContext } from "../../scan/context.js";
import { acceptEngineChange, selfTestEngine, setEngineEnabled } from "../../scan/engine-actions.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

const ENGINE = "The engine's name, without regard to case.";
const AGENT = "The agent's own name (`agent`).";

@Resolver()
export class FleetResolver {
  @Needs("fleet:write")
  @Mutation(() => SetEngineEnabledResult, {
    description: "Says whether an engine takes part in scans that are accepted from now on. Open scans go on as they are.",
  })
  setEngineEnabled(
    @Arg("name", () => String, { description: ENGINE }) name: string,
    @Arg("enabled", () => Boolean, { description: "Whether it takes part." }) enabled: boolean,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engine: EngineRecord } | UserErrorRecord> {
    return orUserError(["name"], async () => {
      await setEngineEnabled(mesh, caller, name, enabled);
      return { engine: await engineOf(mesh, name) };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => AcceptEngineChangeResult, {
    description:
      "Makes the speed, type, class and input that agents announce of an engine those of the mesh: until then an engine that " +
      "differs is unhealthy. What waits for it is asked again where it listens now; where a scan forbids that, it is CANCELLED.",
  })
  acceptEngineChange(
    @Arg("name", () => String, { description: ENGINE }) name: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engine: EngineRecord } | UserErrorRecord> {
    return orUserError(["name"], async () => {
      await acceptEngineChange(mesh, caller, name);
      return { engine: await engineOf(mesh, name) };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => SelfTestEngineResult, { description: "Has every agent that has an engine test it now." })
  selfTestEngine(
    @Arg("name", () => String, { description: ENGINE }) name: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engine: EngineRecord; agents: string[] } | UserErrorRecord> {
    return orUserError(["name"], async () => {
      const agents = await selfTestEngine(mesh, caller, name);
      return { engine: await engineOf(mesh, name), agents };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, {
    description: "The agent takes nothing more and finishes what it has. It stays so, restarts included, until `resumeAgent`.",
  })
  cordonAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return order(context, agent, "CORDONED");
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, {
    description:
      "The agent takes nothing more and hands back, for other agents, what it does not finish within its grace. It stays so, " +
      "restarts included, until `resumeAgent`.",
  })
  drainAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return order(context, agent, "DRAINING");
  }

  @Needs("fleet:write")
  @Mutation(() => AgentOrderResult, { description: "The agent takes work again." })
  resumeAgent(@Arg("agent", () => String, { description: AGENT }) agent: string, @Ctx() context: RequestContext) {
    return order(context, agent, "READY");
  }
}

function order({ mesh, caller }: RequestContext, agent: string, state: AgentState): Promise<AgentOrderSuccess | UserErrorRecord> {
  return orUserError(["agent"], async () => {
    await setAgentState(mesh, caller, agent, state);
    return { agent, state };
  });
}

async function engineOf({ db }: ScanContext, name: string): Promise<EngineRecord> {
  const engine = (await readEngines(db)).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!engine) throw new Error(`the engine ${name} is gone`);
  return engine;
}
