import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { Engine } from "../../../schema/graphql/engine.js";
import { AcceptEngineChangeResult, SelfTestEngineResult, SetEngineEnabledResult } from "../../../schema/graphql/fleet-actions.js";
import { EngineChange } from "../../../schema/graphql/fleet-changes.js";
import type { EngineRecord } from "../../../schema/reports.js";
import type { Database } from "../../db/database.js";
import { readEngines } from "../../db/engines.js";
import { acceptEngineChange, selfTestEngine, setEngineEnabled } from "../../scan/engine-actions.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

const ENGINE = "The engine's name, without regard to case.";

@Resolver(() => Engine)
export class EngineResolver {
  @Needs("scan:read")
  @Query(() => [Engine], {
    description: "Every engine that an agent ever announced, by name.",
    complexity: listCost(TYPICAL.engines),
  })
  engines(@Ctx() { mesh }: RequestContext): Promise<EngineRecord[]> {
    return readEngines(mesh.db);
  }

  @Needs("scan:read")
  @Query(() => Engine, { nullable: true, description: "The engine with this name, or null." })
  async engine(
    @Arg("name", () => String, { description: "Its name, without regard to case." }) name: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<EngineRecord | null> {
    return (await findEngine(mesh.db, name)) ?? null;
  }

  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: EngineRecord): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }

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
      return { engine: await readEngine(mesh.db, name) };
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
      return { engine: await readEngine(mesh.db, name) };
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
      return { engine: await readEngine(mesh.db, name), agents };
    });
  }

  @Needs("scan:read")
  @Subscription(() => EngineChange, {
    description: "The catalogue of engines, then each change of it.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.fleetWatches.engines.watch(),
  })
  engineChanged(@Root() { items, ...event }: ListChange<EngineRecord>) {
    return { ...event, engines: items };
  }
}

async function findEngine(db: Database, name: string): Promise<EngineRecord | undefined> {
  const wanted = name.toLowerCase();
  return (await readEngines(db)).find((engine) => engine.name.toLowerCase() === wanted);
}

/** An engine that a verb has just found. */
async function readEngine(db: Database, name: string): Promise<EngineRecord> {
  const engine = await findEngine(db, name);
  if (!engine) throw new Error(`the engine ${name} is gone`);
  return engine;
}
