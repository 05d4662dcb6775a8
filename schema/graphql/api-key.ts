import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import type { Scope } from "../scopes.js";
import { InvalidInput, UserError } from "./user-error.js";

/** The scopes by their GraphQL names. */
export const ScopeName = {
  SCAN_READ: "scan:read",
  SCAN_WRITE: "scan:write",
  SAMPLE_READ: "sample:read",
  FLEET_WRITE: "fleet:write",
  ADMIN: "admin",
} as const satisfies Record<string, Scope>;
registerEnumType(ScopeName, {
  name: "Scope",
  description: "What an API key may be allowed to do.",
  valuesConfig: {
    SCAN_READ: { description: "Read and watch scans, sample records, engines, agents and metrics." },
    SCAN_WRITE: { description: "Scan samples; cancel and delete scans." },
    SAMPLE_READ: { description: "Download samples." },
    FLEET_WRITE: { description: "Change engines and agents." },
    ADMIN: { description: "Everything: all other scopes, API keys and the audit log." },
  },
});

@ObjectType({ description: "An API key. Its text is shown once, when it is created.", simpleResolvers: true })
export class ApiKey {
  @Field(() => ID, { description: "The public part of the key: `sm_<id>_…`." })
  id!: string;

  @Field(() => String, { description: "What it is for, or who uses it." })
  name!: string;

  @Field(() => [ScopeName], { description: "What it allows." })
  scopes!: readonly Scope[];

  @Field(() => Float, { nullable: true, description: "Requests a second that each gateway lets through; null: no limit." })
  rate!: number | null;

  @Field(() => Int, { nullable: true, description: "Scans a day, by UTC, on all gateways together; null: no limit." })
  dailyScans!: number | null;

  @Field(() => Int, { nullable: true, description: "Scans submitted with it today; null for a key without a daily limit." })
  scansToday!: number | null;

  @Field(() => GraphQLDateTimeISO, { description: "When it was created." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it expires; null: never." })
  expiresAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was revoked." })
  revokedAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was last used, to the minute; null: never." })
  lastUsedAt!: Date | null;
}

/** What a new key is to be. */
@InputType({ description: "A new API key." })
export class CreateApiKeyInput {
  @Field(() => String, { description: "What it is for, or who uses it: 1 to 200 characters." })
  name!: string;

  @Field(() => [ScopeName], { description: "What it allows; at least one." })
  scopes!: readonly Scope[];

  @Field(() => GraphQLDateTimeISO, {
    nullable: true,
    description: "When it expires; without it never.",
  })
  expiresAt?: Date | null;

  @Field(() => Float, {
    nullable: true,
    description: "Requests a second that each gateway lets through, at least 0.01; without it no limit.",
  })
  rate?: number | null;

  @Field(() => Int, { nullable: true, description: "Scans a day, by UTC, on all gateways together; without it no limit." })
  dailyScans?: number | null;
}

@ObjectType({ description: "The key was created.", simpleResolvers: true })
export class CreateApiKeySuccess {
  @Field(() => ApiKey, { description: "The key." })
  apiKey!: ApiKey;

  @Field(() => String, { description: "The key's text, `sm_<id>_<secret>`, to be stored now: it is not shown again." })
  text!: string;
}

@ObjectType({ description: "The key was revoked.", simpleResolvers: true })
export class RevokeApiKeySuccess {
  @Field(() => ApiKey, { description: "The key." })
  apiKey!: ApiKey;
}

@ObjectType({ implements: UserError, description: "There is no such API key.", simpleResolvers: true })
export class UnknownApiKey extends UserError {}

/** The key, or what is wrong with the input. */
export const CreateApiKeyResult = createUnionType({
  name: "CreateApiKeyResult",
  description: "The new key, or what is wrong with the input.",
  types: () => [CreateApiKeySuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "CreateApiKeySuccess"),
});

/** The revoked key, or that there is none. */
export const RevokeApiKeyResult = createUnionType({
  name: "RevokeApiKeyResult",
  description: "The revoked key, or an error if there is none.",
  types: () => [RevokeApiKeySuccess, UnknownApiKey] as const,
  resolveType: (value) => ("code" in value ? "UnknownApiKey" : "RevokeApiKeySuccess"),
});
