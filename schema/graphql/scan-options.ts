import { Field, InputType, Int, ObjectType } from "type-graphql";
import { Priority, Speed } from "./classes.js";

@ObjectType({ description: "A label of a scan.", simpleResolvers: true })
export class Label {
  @Field(() => String, { description: "Its name; case-sensitive. A scan has each key once." })
  key!: string;

  @Field(() => String, { description: "Its value." })
  value!: string;
}

/** A label as it is given. */
@InputType({ description: "A label for a scan." })
export class LabelInput {
  @Field(() => String, {
    description: "1 to 64 letters, digits, `.`, `_`, `/` or `-`, the first a letter or a digit; each key once; case-sensitive.",
  })
  key!: string;

  @Field(() => String, { description: "At most 256 characters." })
  value!: string;
}

/** Which engines a request lets in. */
@InputType({ description: "Which engines take part." })
export abstract class EngineChoiceInput {
  @Field(() => Speed, { defaultValue: Speed.ALL, description: "The slowest class of engines allowed, inclusive." })
  speed!: Speed;

  @Field(() => Boolean, { defaultValue: false, description: "Whether engines that can reach the internet may take part." })
  internet!: boolean;

  @Field(() => [String], {
    nullable: true,
    description: "Names of the only engines to run, regardless of case; without it every engine that the scan allows.",
  })
  engines?: readonly string[] | null;

  @Field(() => [String], { nullable: true, description: "Names of engines to leave out, regardless of case." })
  excludeEngines?: readonly string[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Reuses results of earlier scans of the same bytes that are at most this many seconds old (1 to 2,592,000), if the versions of the engine are unchanged. Without it every engine runs.",
  })
  freshness?: number | null;
}

/** How one sample or several are to be scanned. */
@InputType({ description: "How to scan." })
export abstract class ScanOptionsInput extends EngineChoiceInput {
  @Field(() => [LabelInput], { nullable: true, description: "Labels to find the scan by; at most 32." })
  labels?: readonly LabelInput[] | null;

  @Field(() => Priority, { defaultValue: Priority.NORMAL, description: "Whether other scans run first." })
  priority!: Priority;

  @Field(() => Int, {
    nullable: true,
    description: "Seconds after which the scan is final in any case: 10 to 86,400. Without it the setting of the mesh.",
  })
  deadline?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The number of detections (1 to 100) after which the scan stops waiting for the other engines. Without it the scan waits for all.",
  })
  stopAfter?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "1 to 255 printable ASCII characters. The same input with the same key within 24 hours returns the first answer; another input with that key is an IDEMPOTENCY_CONFLICT. Each API key has idempotency keys of its own.",
  })
  idempotencyKey?: string | null;
}
