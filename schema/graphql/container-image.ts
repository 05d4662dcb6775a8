import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "The container image that an engine runs in.", simpleResolvers: true })
export class ContainerImage {
  @Field(() => String, { description: "Its id, which every image has." })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: "The digest by which a registry knows it; null for an image that never came from one.",
  })
  digest!: string | null;
}
