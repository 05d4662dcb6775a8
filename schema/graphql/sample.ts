import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { Node } from "./node.js";

@ObjectType({ implements: Node, description: "Bytes that were scanned, named by their hashes.", simpleResolvers: true })
export class Sample extends Node {
  @Field(() => String, { description: "Lower-case hex; the sample's name." })
  sha256!: string;

  @Field(() => String, { description: "Lower-case hex." })
  sha1!: string;

  @Field(() => String, { description: "Lower-case hex." })
  md5!: string;

  @Field(() => GraphQLSafeInt, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "MIME type by its first 4 KiB." })
  mime!: string;

  @Field(() => Boolean, { description: "Whether the mesh still has the bytes." })
  stored!: boolean;

  @Field(() => GraphQLDateTimeISO, { description: "When the mesh first received it." })
  firstSeen!: Date;
}
