import { GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { Scan } from "./scan.js";

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

@ObjectType({ description: "A scan in a list.", simpleResolvers: true })
export class ScanEdge {
  @Field(() => String, { description: "Names this place in the list, for `after`." })
  cursor!: string;

  @Field(() => Scan, { description: "The scan." })
  node!: Scan;
}

@ObjectType({ description: "A page of scans.", simpleResolvers: true })
export class ScanConnection {
  @Field(() => [ScanEdge], { description: "The scans of this page with their cursors." })
  edges!: readonly ScanEdge[];

  @Field(() => [Scan], { description: "The scans of this page." })
  nodes!: readonly Scan[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;

  @Field(() => GraphQLSafeInt, { description: "How many scans there are in all; counted only when asked for." })
  totalCount!: number;
}
