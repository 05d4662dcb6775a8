import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "Where a page of a list begins and ends.", simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there is more after this page." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether this page was asked for with `after`." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the first entry; null for an empty page." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "The cursor of the last entry: the `after` of the next page." })
  endCursor!: string | null;
}
