import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { InvalidInput, MeshUnavailable, UserError } from "./user-error.js";

/** What a rolling restart can be. */
export const RollingRestartState = { RUNNING: "RUNNING", DONE: "DONE", FAILED: "FAILED", STOPPED: "STOPPED" } as const;

registerEnumType(RollingRestartState, {
  name: "RollingRestartState",
  description: "How far a rolling restart is.",
  valuesConfig: {
    RUNNING: { description: "Agents are being restarted." },
    DONE: { description: "All of them are back." },
    FAILED: { description: "One has not come back, and those after it were left alone: `problem` says more." },
    STOPPED: { description: "Somebody has stopped it." },
  },
});

@ObjectType({
  description:
    "Agents that are restarted one after the other: each drains, ends, is started by its supervisor, and is waited for until it is well.",
  simpleResolvers: true,
})
export class RollingRestart {
  @Field(() => ID, { description: "Names it." })
  id!: number;

  @Field(() => [String], { description: "The agents, in the order in which they are restarted." })
  agents!: readonly string[];

  @Field(() => Int, { description: "How many of them are back; the next one's turn it is." })
  done!: number;

  @Field(() => RollingRestartState, { description: "How far it is." })
  state!: keyof typeof RollingRestartState;

  @Field(() => String, { nullable: true, description: "Why it has failed." })
  problem!: string | null;

  @Field(() => GraphQLDateTimeISO, { description: "When it was begun." })
  startedAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it ended." })
  endedAt!: Date | null;
}

@ObjectType({ implements: UserError, description: "No agents are being restarted.", simpleResolvers: true })
export class NoRollingRestart extends UserError {}

@ObjectType({ description: "It was begun, or stopped.", simpleResolvers: true })
export class RollingRestartSuccess {
  @Field(() => RollingRestart, { description: "The rolling restart." })
  rollingRestart!: RollingRestart;
}

/** The restart, or an error that implements `UserError`. */
export const RollingRestartResult = createUnionType({
  name: "RollingRestartResult",
  description: "The rolling restart, or an error that the caller can act on.",
  types: () => [RollingRestartSuccess, NoRollingRestart, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => {
    if (!("code" in value)) return "RollingRestartSuccess";
    if (value.code === "NOT_FOUND") return "NoRollingRestart";
    return value.code === "BAD_INPUT" ? "InvalidInput" : "MeshUnavailable";
  },
});
