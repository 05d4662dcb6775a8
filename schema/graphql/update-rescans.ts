import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { VerdictRunState } from "../verdict-runs.js";
import { Engine } from "./engine.js";
import { UnknownEngine } from "./fleet-actions.js";
import { REVISION_TEXT, SNAPSHOT_TEXT } from "./fleet-changes.js";
import { InvalidInput } from "./user-error.js";

/** Engines that the cost of a change is reckoned with. */
const TYPICAL_ENGINES = 10;

registerEnumType(VerdictRunState, {
  name: "VerdictRunState",
  description: "How far samples are scanned again after an update of an engine.",
  valuesConfig: {
    RUNNING: { description: "It goes on from the newest sample to the oldest." },
    DONE: { description: "All samples were looked at." },
    REPLACED: { description: "The engine was updated again, and that update's run took its place." },
    STOPPED: { description: "It was switched off." },
  },
});
export { VerdictRunState };

@ObjectType({ description: "Samples scanned again by one engine after one update of it.", simpleResolvers: true })
export class VerdictRun {
  @Field(() => VerdictRunState, { description: "How far it is." })
  state!: VerdictRunState;

  @Field(() => String, { description: "Engine and signatures, as its hosts announce them." })
  version!: string;

  @Field(() => Int, { description: "Samples that the engine has scanned again." })
  checked!: number;

  @Field(() => Int, { description: "Samples with which it did not finish." })
  failed!: number;

  @Field(() => Int, { description: "Verdicts that have changed." })
  flips!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When all hosts had the update." })
  startedAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it ended; null until then." })
  endedAt!: Date | null;
}

@ObjectType({ description: "Whether samples are scanned again after updates of an engine.", simpleResolvers: true })
export class UpdateRescan {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => Boolean, { description: "Whether it is switched on: `setRescanAfterUpdates`." })
  enabled!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "What all of its hosts run now; null while they differ: samples are scanned again once they agree.",
  })
  version!: string | null;

  @Field(() => Int, { description: "How many of its slots such scans take at most." })
  slots!: number;

  @Field(() => VerdictRun, { nullable: true, description: "The latest run; null if there was none." })
  run!: VerdictRun | null;
}

@ObjectType({ description: "Every engine that gives verdicts, or those of which something has changed.", simpleResolvers: true })
export class UpdateRescanChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [UpdateRescan], {
    description: "Each as it is now.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity,
  })
  rescans!: readonly UpdateRescan[];
}

@ObjectType({ description: "It holds for updates from now on.", simpleResolvers: true })
export class SetRescanAfterUpdatesSuccess {
  @Field(() => UpdateRescan, { description: "As it is now." })
  rescan!: UpdateRescan;
}

/** As it is now, or an error that the caller can act on. */
export const SetRescanAfterUpdatesResult = createUnionType({
  name: "SetRescanAfterUpdatesResult",
  description: "As it is now, or an error that the caller can act on.",
  types: () => [SetRescanAfterUpdatesSuccess, UnknownEngine, InvalidInput] as const,
  resolveType: (value) => {
    if (!("code" in value)) return "SetRescanAfterUpdatesSuccess";
    return value.code === "NOT_FOUND" ? "UnknownEngine" : "InvalidInput";
  },
});
