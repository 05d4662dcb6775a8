import { Field, InputType, Int, ObjectType } from "type-graphql";
import { Priority, Speed } from "./enums.js";

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
  @Field(() => String, { description: "1 to 64 letters, digits, `.`, `_`, `/` or `-`, each key once; case-sensitive." })
  key!: string;

  @Field(() => String, { description: "256 characters at most." })
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
    description: "Names of the engines to ask, without regard to case; without it all that the scan allows.",
  })
  engines?: readonly string[] | null;

  @Field(() => [String], { nullable: true, description: "Names of engines to leave out, without regard to case." })
  excludeEngines?: readonly string[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Takes over results of earlier scans of the same bytes that are younger than so many seconds (1 to 2,592,000), if the engine's versions are still those that an agent announces now. Without it every engine runs.",
  })
  freshness?: number | null;
}

/** How one sample or several are to be scanned. */
@InputType({ description: "How to scan." })
export abstract class ScanOptionsInput extends EngineChoiceInput {
  @Field(() => [LabelInput], { nullable: true, description: "Labels to find the scan by; 32 at most." })
  labels?: readonly LabelInput[] | null;

  @Field(() => Priority, { defaultValue: Priority.NORMAL, description: "Whether other scans go first." })
  priority!: Priority;

  @Field(() => Int, {
    nullable: true,
    description: "Seconds after which the scan is final, whatever happens: 10 to 86,400. Without it the mesh's setting.",
  })
  deadline?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Detections (1 to 100) after which the engines that have not answered are not waited for. Without it all are.",
  })
  stopAfter?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "1 to 255 printable ASCII characters. Sent again within 24 hours, the same input with the same key gives what it gave first; another input is IDEMPOTENCY_CONFLICT. Keys of one API key are its own.",
  })
  idempotencyKey?: string | null;
}
