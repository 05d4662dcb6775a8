import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ObjectType, registerEnumType } from "type-graphql";
import { UpdatedBy } from "../engine-setup.js";

registerEnumType(UpdatedBy, {
  name: "UpdatedBy",
  description: "Whose files an engine's signatures or rules are.",
  valuesConfig: {
    HOST: { description: "Its host's, which keeps them up to date by itself, as its own freshclam does." },
    IMAGE: { description: "They are part of its container image." },
    AGENT: { description: "They come with the agent, whose operator may have added others." },
    MESH: { description: "The mesh's, which brings them to its hosts as bundles." },
  },
});

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
