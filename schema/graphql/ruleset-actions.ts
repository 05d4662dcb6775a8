import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, InputType, ObjectType } from "type-graphql";
import { RULES_ENGINE } from "../rule-job.js";
import { EngineUpdate } from "./engine-update.js";
import { UnknownEngine } from "./fleet-actions.js";
import { RulesetVersion } from "./ruleset.js";
import { InvalidInput, MeshUnavailable, UserError } from "./user-error.js";

@InputType({ description: "A file of rules." })
export class RulesetFileInput {
  @Field(() => String, {
    description: "Its path within the ruleset. Files that end in `.yar` or `.yara` hold rules; others are there to be included.",
  })
  path!: string;

  @Field(() => String, { description: "What is in it." })
  text!: string;
}

@InputType({ description: "Where a new version of a ruleset belongs." })
export class RulesetUploadInput {
  @Field(() => String, { defaultValue: RULES_ENGINE, description: "The engine that the rules are for." })
  engine!: string;

  @Field(() => String, {
    description: "The ruleset: 1 to 32 lower-case letters, digits or `-`. A new name is a new ruleset.",
  })
  name!: string;

  @Field(() => String, { defaultValue: "", description: "What you say of it: 500 characters at most." })
  comment!: string;
}

@InputType({ description: "A new version of a ruleset." })
export class CreateRulesetInput extends RulesetUploadInput {
  @Field(() => [RulesetFileInput], {
    description: "All of its files. What is larger than a request may be is sent to the URL of `createRulesetUpload`.",
  })
  files!: RulesetFileInput[];
}

@ObjectType({ description: "The version, as it is now.", simpleResolvers: true })
export class RulesetSuccess {
  @Field(() => RulesetVersion, { description: "The version." })
  version!: RulesetVersion;
}

@ObjectType({ description: "Hosts begin to serve it.", simpleResolvers: true })
export class EnableRulesetSuccess {
  @Field(() => RulesetVersion, { description: "The version." })
  version!: RulesetVersion;

  @Field(() => EngineUpdate, { description: "The update that brings it to the hosts." })
  update!: EngineUpdate;
}

@ObjectType({ description: "Where the files of a version are sent to, once.", simpleResolvers: true })
export class RulesetUploadSuccess {
  @Field(() => String, {
    description:
      "`GET` says which files are there, `PUT …/<sha256>` takes one, `POST` makes the version (docs/use/rulesets.md). Whoever knows it can send.",
  })
  url!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it expires." })
  expiresAt!: Date;
}

@ObjectType({ implements: UserError, description: "There is no such version of a ruleset.", simpleResolvers: true })
export class UnknownRuleset extends UserError {}

function errorType(code: unknown, notFound: string): string {
  return code === "NOT_FOUND" ? notFound : code === "UNAVAILABLE" || code === "STORAGE_FULL" ? "MeshUnavailable" : "InvalidInput";
}

/** The new version, or what is wrong with the input. */
export const CreateRulesetResult = createUnionType({
  name: "CreateRulesetResult",
  description: "The new version, or what is wrong with the input.",
  types: () => [RulesetSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? errorType(value.code, "UnknownEngine") : "RulesetSuccess"),
});

/** Where the files are sent to, or what is wrong with the input. */
export const CreateRulesetUploadResult = createUnionType({
  name: "CreateRulesetUploadResult",
  description: "Where the files are sent to, or what is wrong with the input.",
  types: () => [RulesetUploadSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? errorType(value.code, "UnknownEngine") : "RulesetUploadSuccess"),
});

/** The version as it is now, or why nothing was done. */
export const RulesetResult = createUnionType({
  name: "RulesetResult",
  description: "The version as it is now, or why nothing was done.",
  types: () => [RulesetSuccess, UnknownRuleset, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? errorType(value.code, "UnknownRuleset") : "RulesetSuccess"),
});

/** The update that begins, or why none does. */
export const EnableRulesetResult = createUnionType({
  name: "EnableRulesetResult",
  description: "The update that begins, or why none does.",
  types: () => [EnableRulesetSuccess, UnknownRuleset, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? errorType(value.code, "UnknownRuleset") : "EnableRulesetSuccess"),
});
