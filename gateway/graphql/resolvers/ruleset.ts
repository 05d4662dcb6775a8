import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import {
  RuleMistake,
  Ruleset,
  RulesetFile,
  RulesetFileText,
  RulesetVersion,
  TriedSampleConnection,
} from "../../../schema/graphql/ruleset.js";
import {
  CreateRulesetInput,
  CreateRulesetResult,
  CreateRulesetUploadResult,
  EnableRulesetResult,
  RulesetResult,
  RulesetUploadInput,
  type RulesetUploadSuccess,
} from "../../../schema/graphql/ruleset-actions.js";
import { MAX_MISTAKES, RULESET_LIMITS, TryOutcome } from "../../../schema/rule-job.js";
import type { UpdateRecord } from "../../db/engine-updates.js";
import { readTried, type TriedSampleRecord } from "../../db/ruleset-jobs.js";
import { findRulesetVersion, type RulesetRecord, type RulesetVersionRecord } from "../../db/rulesets.js";
import { badInput, GatewayError } from "../../errors.js";
import { createRuleset, createRulesetUpload } from "../../rulesets/create.js";
import { readRulesetTexts } from "../../rulesets/read-texts.js";
import { cancelRuleset, checkRuleset, deleteRuleset, enableRuleset, readRulesets, tryRuleset } from "../../rulesets/rulesets.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE, pageLength, pageOf, type Connection } from "../inputs/connection.js";
import { keyCursorOf, keyOf } from "../inputs/cursors.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";

type Changed = Promise<{ version: RulesetVersionRecord } | UserErrorRecord>;

const LIST = "tried";
const VERSION = "The version's `id`.";

@Resolver(() => Ruleset)
export class RulesetResolver {
  @Needs("scan:read")
  @Query(() => [Ruleset], { description: "All rulesets with their versions, by name.", complexity: listCost(TYPICAL.rulesets) })
  rulesets(@Ctx() { mesh }: RequestContext): Promise<RulesetRecord[]> {
    return readRulesets(mesh);
  }

  @Needs("scan:read")
  @Query(() => RulesetVersion, { nullable: true, description: "A version of a ruleset; null: there is none with this id." })
  async rulesetVersion(
    @Arg("id", () => ID, { description: VERSION }) id: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<RulesetVersionRecord | null> {
    const known = idOf(id);
    return known === undefined ? null : ((await findRulesetVersion(mesh.db, known)) ?? null);
  }

  @Needs("scan:read")
  @Subscription(() => [Ruleset], {
    description: "`rulesets`, then the whole list again after each change, such as the progress of a try.",
    complexity: listCost(TYPICAL.rulesets),
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.hostWatches.rulesets.watch(),
  })
  rulesetsUpdated(@Root() { items }: ListChange<readonly RulesetRecord[]>): readonly RulesetRecord[] {
    return items[0] ?? [];
  }

  @Needs("fleet:write")
  @Mutation(() => CreateRulesetResult, {
    description:
      "Makes a new version of a ruleset. A host checks it; no host serves it before it is enabled. The same files as those of the newest version are that one.",
  })
  createRuleset(
    @Arg("input", () => CreateRulesetInput, { description: "The version." }) { files, ...place }: CreateRulesetInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Changed {
    return orUserError(["input"], async () => ({ version: await createRuleset(mesh, caller, place, files) }));
  }

  @Needs("fleet:write")
  @Mutation(() => CreateRulesetUploadResult, {
    description: "Creates the URL to which the files of a new version are sent, once, within 24 hours.",
  })
  createRulesetUpload(
    @Arg("input", () => RulesetUploadInput, { description: "The version." }) input: RulesetUploadInput,
    @Ctx() { mesh, caller, baseUrl }: RequestContext,
  ): Promise<RulesetUploadSuccess | UserErrorRecord> {
    return orUserError(["input"], async () => {
      const { path, expiresAt } = await createRulesetUpload(mesh, caller, input);
      return { url: `${baseUrl}${path}`, expiresAt };
    });
  }

  @Needs("fleet:write")
  @Mutation(() => RulesetResult, {
    description:
      "Has one host try a version against the newest stored samples, one after the other. It takes the place of what came of an earlier try.",
  })
  tryRuleset(
    @Arg("id", () => ID, { description: VERSION }) id: string,
    @Arg("last", () => Int, { defaultValue: 1_000, description: "How many samples: 1 to 5,000." }) last: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Changed {
    return changed(id, (known) => tryRuleset(mesh, caller, known, last));
  }

  @Needs("fleet:write")
  @Mutation(() => RulesetResult, {
    description: "Ends what is under way with a version: its check, its try, or both. What came of samples so far stays.",
  })
  cancelRuleset(@Arg("id", () => ID, { description: VERSION }) id: string, @Ctx() { mesh, caller }: RequestContext): Changed {
    return changed(id, (known) => cancelRuleset(mesh, caller, known));
  }

  @Needs("fleet:write")
  @Mutation(() => RulesetResult, { description: "Has a host check a version once more, e.g. after its check has failed." })
  checkRuleset(@Arg("id", () => ID, { description: VERSION }) id: string, @Ctx() { mesh, caller }: RequestContext): Changed {
    return changed(id, (known) => checkRuleset(mesh, caller, known));
  }

  @Needs("fleet:write")
  @Mutation(() => RulesetResult, { description: "Forgets a version that no host serves, or is to serve." })
  deleteRuleset(@Arg("id", () => ID, { description: VERSION }) id: string, @Ctx() { mesh, caller }: RequestContext): Changed {
    return changed(id, (known) => deleteRuleset(mesh, caller, known));
  }

  @Needs("fleet:write")
  @Mutation(() => EnableRulesetResult, {
    description:
      "Has all hosts serve a version: one first, then the others, or back by itself, as any update. `rollbackEngine` with the ruleset's name as set goes back to what was served before.",
  })
  enableRuleset(
    @Arg("id", () => ID, { description: VERSION }) id: string,
    @Arg("skipCanary", () => Boolean, { defaultValue: false, description: "Whether all hosts follow without a first one." })
    skipCanary: boolean,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ version: RulesetVersionRecord; update: UpdateRecord } | UserErrorRecord> {
    return orUserError([], () => enableRuleset(mesh, caller, knownId(id), skipCanary));
  }
}

@Resolver(() => RulesetVersion)
export class RulesetVersionResolver {
  @FieldResolver(() => [RulesetFile], { description: "Its files, by path.", complexity: listCost(RULESET_LIMITS.files) })
  files(@Root() { id }: RulesetVersionRecord, @Ctx() { loaders }: RequestContext): Promise<readonly RulesetFile[]> {
    return loaders().rulesetFiles.load(id);
  }

  @FieldResolver(() => [RulesetFileText], {
    nullable: true,
    description: "Its files as text, by path; null: they have more than 256 KiB, are gone, or one of them is not UTF-8.",
    complexity: ({ childComplexity }) => 500 + childComplexity,
  })
  texts(@Root() version: RulesetVersionRecord, @Ctx() { mesh }: RequestContext): Promise<RulesetFileText[] | null> {
    return readRulesetTexts(mesh, version);
  }

  @FieldResolver(() => [RuleMistake], {
    description: "What its check found: 300 at most, errors first.",
    complexity: listCost(MAX_MISTAKES),
  })
  mistakes(@Root() { id }: RulesetVersionRecord, @Ctx() { loaders }: RequestContext): Promise<readonly RuleMistake[]> {
    return loaders().mistakes.load(id);
  }

  @FieldResolver(() => TriedSampleConnection, {
    description: "Samples of its last try, the newest first. One that was deleted is named no more.",
    complexity: pageCost,
  })
  async triedSamples(
    @Root() { tried }: RulesetVersionRecord,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("outcomes", () => [TryOutcome], { defaultValue: ["MATCH"], description: "Those of which one of these came." })
    outcomes: TryOutcome[],
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<TriedSampleRecord>> {
    const afterKey = keyOf(LIST, after);
    if (outcomes.length === 0) throw badInput("outcomes", "names none");
    const place = { outcomes, after: placeOf(afterKey), limit: pageLength(first) + 1 };
    const found = tried ? await readTried(mesh.db, tried.jobId, place) : [];
    return pageOf(found, { first, continued: afterKey !== undefined, cursorOf: ({ at }) => keyCursorOf(LIST, String(at)) });
  }
}

function changed(id: string, verb: (known: number) => Promise<RulesetVersionRecord>): Changed {
  return orUserError([], async () => ({ version: await verb(knownId(id)) }));
}

/** Throws NOT_FOUND if it cannot be an id. */
function knownId(id: string): number {
  const known = idOf(id);
  if (known === undefined) throw new GatewayError("NOT_FOUND", `there is no version ${id} of a ruleset`, { field: ["id"] });
  return known;
}

/** Undefined if it cannot be an id. */
function idOf(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** Undefined if none of our cursors has such a key. */
function placeOf(key: string | undefined): number | undefined {
  return key !== undefined && /^\d{1,9}$/.test(key) ? Number(key) : undefined;
}
