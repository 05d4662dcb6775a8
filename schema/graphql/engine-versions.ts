import { GraphQLDateTimeISO } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "The versions of an engine, as far as it reports them.", simpleResolvers: true })
export class EngineVersions {
  @Field(() => String, { nullable: true, description: "The program's version." })
  engine!: string | null;

  @Field(() => String, { nullable: true, description: "The version of its signatures." })
  signatures!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "The date of its signatures." })
  signatureDate!: Date | string | null;
}
