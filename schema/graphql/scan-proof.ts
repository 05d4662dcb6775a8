import { Field, ObjectType } from "type-graphql";
import type { Barrier, ScanProof as ProofRecord } from "../reports.js";
import { ResultCause, ResultState } from "./states.js";

@ObjectType({
  description: "An engine because of which a scan is not CLEAN: it did not finish with the sample, or could not be asked.",
  simpleResolvers: true,
})
export class CleanBarrier implements Barrier {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => ResultState, {
    nullable: true,
    description: "How its result ended; null for an antivirus engine that was left out because its agents say that it is broken.",
  })
  state!: ResultState | null;

  @Field(() => ResultCause, { nullable: true, description: "Why, for programs; null where nothing is known." })
  cause!: ResultCause | null;

  @Field(() => String, { nullable: true, description: "Why, in the engine's or the agent's own words." })
  error!: string | null;

  @Field(() => String, { description: "Why, in a sentence for people. It contains the engine's own words." })
  text!: string;
}

@ObjectType({
  description:
    "Why a scan has its verdict. It is CLEAN if an antivirus engine was asked, each one that was asked scanned the whole sample and found nothing, and there are no barriers.",
  simpleResolvers: true,
})
export class ScanProof implements ProofRecord {
  @Field(() => [String], { description: "Engines that say INFECTED or SUSPICIOUS." })
  detectedBy!: readonly string[];

  @Field(() => [String], { description: "Antivirus engines that scanned the whole sample and found nothing." })
  cleanBy!: readonly string[];

  @Field(() => Boolean, { description: "Whether an antivirus engine was asked. Without one no sample is CLEAN." })
  antivirusAsked!: boolean;

  @Field(() => [CleanBarrier], { description: "Engines that bar CLEAN. More may come until the scan is final." })
  barriers!: readonly Barrier[];

  @Field(() => [String], {
    description: "Engines that the request lets in and no present agent has, or none ever ran. They do not bar CLEAN.",
  })
  absent!: readonly string[];

  @Field(() => String, {
    description:
      "All of it in one sentence for people, such as `CLEAN: all 4 antivirus engines scanned the whole sample and found nothing`; of an open scan also which engines it waits for. It contains engines' own words.",
  })
  text!: string;

  @Field(() => String, {
    nullable: true,
    description: "What to do about it, for whoever has the file, such as `Do not open it.`; null where there is nothing to do.",
  })
  advice!: string | null;
}
