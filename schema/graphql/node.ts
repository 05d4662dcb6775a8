import { Field, ID, InterfaceType } from "type-graphql";

/** What has an opaque id that is unique in the whole mesh. */
@InterfaceType({
  description: "An object with an id that is unique among all objects.",
  resolveType: ({ __typename }: { __typename: string }) => __typename,
})
export abstract class Node {
  @Field(() => ID, { description: "Opaque and unique among all objects; use it as a cache key." })
  id!: string;
}
