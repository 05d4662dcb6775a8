import { GraphQLDateTimeISO } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import {
  CanaryEvidence,
  type CanaryJump,
  type CanarySample,
  EngineUpdate,
  EngineUpdateConnection,
  EngineUpdateHost,
} from "../../../schema/graphql/engine-update.js";
import {
  EngineUpdateResult,
  PauseUpdatesResult,
  UpdateEnginesInput,
  UpdateEnginesResult,
} from "../../../schema/graphql/update-actions.js";
import { EngineUpdateState } from "../../../schema/update-states.js";
import { listUpdates, type UpdateRecord } from "../../db/engine-updates.js";
import type { UpdateHostRecord } from "../../db/engine-update-hosts.js";
import { badInput, GatewayError } from "../../errors.js";
import { pauseUpdates, resumeUpdates } from "../../updates/policies.js";
import { rollbackEngine, skipCanary } from "../../updates/steer-updates.js";
import { updateEngines, type UpdateAnswer } from "../../updates/update-engines.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE, pageLength, pageOf, type Connection } from "../inputs/connection.js";
import { keyCursorOf, keyOf } from "../inputs/cursors.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";

const LIST = "engineUpdates";
const SET = "The set: `main` is the engine's own signatures.";
const ENGINES = "Their names; without it all.";

interface Evidence {
  readonly now?: CanaryEvidence["now"];
  readonly usual?: CanaryEvidence["usual"];
  readonly jump?: keyof typeof CanaryJump;
  readonly samples?: readonly CanarySample[];
}

@Resolver(() => EngineUpdate)
export class EngineUpdateResolver {
  @Needs("scan:read")
  @Query(() => EngineUpdateConnection, { description: "Updates of engines, the newest first.", complexity: pageCost })
  async engineUpdates(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("engine", () => String, { nullable: true, description: "Those of this engine." }) engine: string | null | undefined,
    @Arg("set", () => String, { nullable: true, description: "Those of this set." }) set: string | null | undefined,
    @Arg("states", () => [EngineUpdateState], { nullable: true, description: "Those in one of these states." })
    states: EngineUpdateState[] | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<UpdateRecord>> {
    const limit = pageLength(first) + 1;
    const afterId = keyOf(LIST, after);
    const criteria = { engine: engine ?? undefined, set: set ?? undefined, states: states ?? undefined };
    if (criteria.states?.length === 0) throw badInput("states", "names none");
    const found = await listUpdates(mesh.db, criteria, { after: idOf(afterId), limit });
    return pageOf(found, { first, continued: afterId !== undefined, cursorOf: ({ id }) => keyCursorOf(LIST, String(id)) });
  }

  @FieldResolver(() => [EngineUpdateHost], { description: "Its hosts, by name.", complexity: listCost(TYPICAL.agents) })
  hosts(@Root() { id }: UpdateRecord, @Ctx() { loaders }: RequestContext): Promise<readonly UpdateHostRecord[]> {
    return loaders().updateHosts.load(id);
  }

  @FieldResolver(() => CanaryEvidence, { nullable: true, description: "What its first host did; null: nothing yet." })
  evidence(@Root() update: UpdateRecord): CanaryEvidence | null {
    const { now, usual, jump = null, samples = [] } = (update.evidence ?? {}) as Evidence;
    return now && usual ? { now, usual, jump, samples } : null;
  }

  @Needs("fleet:write")
  @Mutation(() => UpdateEnginesResult, {
    description:
      "Updates engines to their newest bundles, at once whatever the window: one host first, then the others, or back by itself. Fetchers look for newer ones, too. It takes the place of an update that waits or is held; while hosts are changing it is refused.",
  })
  updateEngines(
    @Arg("input", () => UpdateEnginesInput, { description: "Which engines." }) input: UpdateEnginesInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<UpdateAnswer | UserErrorRecord> {
    const { engines, set, bundle } = input;
    return orUserError(["input"], async () => {
      if ((bundle ?? null) !== null && engines?.length !== 1) throw badInput("bundle", "needs one engine, of which it is");
      return updateEngines(mesh, caller, {
        engines: engines ?? undefined,
        set: set ?? undefined,
        digest: bundle ?? undefined,
        skipCanary: input.skipCanary,
      });
    });
  }

  @Needs("fleet:write")
  @Mutation(() => EngineUpdateResult, {
    description:
      "Has an engine serve the bundle before. An update that is under way or held is given up; without one, the hosts go back in steps, also while updates are paused.",
  })
  rollbackEngine(
    @Arg("engine", () => String, { description: "The engine's name." }) engine: string,
    @Arg("set", () => String, { defaultValue: "main", description: SET }) set: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ update: UpdateRecord } | UserErrorRecord> {
    return orUserError([], async () => ({ update: await rollbackEngine(mesh, caller, engine, set) }));
  }

  @Needs("fleet:write")
  @Mutation(() => EngineUpdateResult, {
    description: "Lets an update go on to all hosts: it waits for no first one, or is held no more.",
  })
  skipCanary(
    @Arg("id", () => ID, { description: "The update's `id`." }) id: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ update: UpdateRecord } | UserErrorRecord> {
    return orUserError(["id"], async () => {
      const known = idOf(id);
      if (known === undefined) throw new GatewayError("NOT_FOUND", `there is no update ${id}`);
      return { update: await skipCanary(mesh, caller, known) };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => PauseUpdatesResult, {
    description: "Begins no update of these engines and lets no further host follow. What fails is rolled back all the same.",
  })
  pauseUpdates(
    @Arg("engines", () => [String], { nullable: true, description: ENGINES }) engines: string[] | null | undefined,
    @Arg("set", () => String, { nullable: true, description: "One of their sets; without it all." })
    set: string | null | undefined,
    @Arg("until", () => GraphQLDateTimeISO, { nullable: true, description: "Until when; without it until they are resumed." })
    until: Date | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engines: readonly string[]; until: Date | null } | UserErrorRecord> {
    const paused = { engines: engines ?? undefined, set: set ?? undefined };
    return orUserError([], async () => ({
      engines: await pauseUpdates(mesh, caller, paused, until ?? null),
      until: until ?? null,
    }));
  }

  @Needs("fleet:write")
  @Mutation(() => PauseUpdatesResult, { description: "Lets updates of these engines begin and go on again." })
  resumeUpdates(
    @Arg("engines", () => [String], { nullable: true, description: ENGINES }) engines: string[] | null | undefined,
    @Arg("set", () => String, { nullable: true, description: "One of their sets; without it all." })
    set: string | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ engines: readonly string[]; until: null } | UserErrorRecord> {
    const paused = { engines: engines ?? undefined, set: set ?? undefined };
    return orUserError([], async () => ({ engines: await resumeUpdates(mesh, caller, paused), until: null }));
  }
}

/** Undefined if it cannot be an id. */
function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
