import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { UpdatedBy } from "./enums.js";

@ObjectType({ description: "A bundle that an engine served.", simpleResolvers: true })
export class ServedBundle {
  @Field(() => String, { description: "The set: `main` holds the engine's own signatures." })
  set!: string;

  @Field(() => String, { description: "Names the bundle: the sha256 of its manifest." })
  digest!: string;
}

@ObjectType({ description: "How an agent ran an engine.", simpleResolvers: true })
export class EngineSetup {
  @Field(() => String, { description: "The runner and how it isolates the engine: `container (exec)`." })
  runner!: string;

  @Field(() => String, { description: "The agent's version." })
  agentVersion!: string;

  @Field(() => UpdatedBy, {
    nullable: true,
    description: "Whose files its signatures or rules were; null where that is not known.",
  })
  updatedBy!: UpdatedBy | null;

  @Field(() => GraphQLJSONObject, {
    description:
      "Its limits by their names in the manifest, and of the host's ClamAV in clamd.conf: times in milliseconds, sizes in bytes unless a text has a unit.",
  })
  limits!: Record<string, unknown>;

  @Field(() => [ServedBundle], { description: "The mesh's bundles that it served; none where its host gave it its signatures." })
  bundles!: readonly ServedBundle[];
}
