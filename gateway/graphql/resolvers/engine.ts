import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { Engine } from "../../../schema/graphql/engine.js";
import {
  AcceptEngineChangeResult,
  RemoveEngineResult,
  SelfTestEngineResult,
  SetEngineEnabledResult,
} from "../../../schema/graphql/fleet-actions.js";
import { EngineChange } from "../../../schema/graphql/fleet-changes.js";
import type { EngineRecord } from "../../../schema/reports.js";
import type { Database } from "../../db/database.js";
import { readEngines } from "../../db/engines.js";
import { explainUnavailable } from "../../scan/explain.js";
import { acceptEngineChange, selfTestEngine, setEngineEnabled } from "../../scan/engine-actions.js";
import { removeEngine } from "../../scan/removed.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

const ENGINE = "The engine's name, regardless of case.";

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
    @Arg("name", () => String, { description: "Its name, regardless of case." }) name: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<EngineRecord | null> {
    return (await findEngine(mesh.db, name)) ?? null;
  }

  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: EngineRecord): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }

  @FieldResolver(() => String, { nullable: true })
  reason(@Root() engine: EngineRecord): string | null {
    return explainUnavailable(engine);
  }

  @Needs("fleet:write")
  @Mutation(() => SetEngineEnabledResult, {
    description: "Enables or disables an engine for scans that are accepted from now on. Open scans are not affected.",
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
      "Accepts the speed, type, class and input that agents announce for an engine; until then an engine that differs from the catalogue is unhealthy. Requests that wait for it are published again for its new class; where a scan does not allow that class, they are CANCELLED.",
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
  @Mutation(() => SelfTestEngineResult, { description: "Tells every agent that runs an engine to test it now." })
  selfTestEngine(
    @Arg("name", () => String, { description: ENGINE }) name: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engine: EngineRecord; agents: string[] } | UserErrorRecord> {
    return orUserError(["name"], async () => {
      const agents = await selfTestEngine(mesh, caller, name);
      return { engine: await readEngine(mesh.db, name), agents };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => RemoveEngineResult, {
    description:
      "Takes an engine that no online agent has out of the catalogue. Its results stay. It is there again as soon as an agent announces it.",
  })
  removeEngine(
    @Arg("name", () => String, { description: ENGINE }) name: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ name: string } | UserErrorRecord> {
    return orUserError(["name"], async () => ({ name: await removeEngine(mesh, caller, name) }));
  }

  @Needs("scan:read")
  @Subscription(() => EngineChange, {
    description: "The catalogue of engines, then each change.",
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

/** Reads an engine that a verb has just found. */
async function readEngine(db: Database, name: string): Promise<EngineRecord> {
  const engine = await findEngine(db, name);
  if (!engine) throw new Error(`the engine ${name} is gone`);
  return engine;
}
