import { GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { PageInfo } from "./page-info.js";
import { Scan } from "./scan.js";

@ObjectType({ description: "A scan in a list.", simpleResolvers: true })
export class ScanEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
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

  @Field(() => GraphQLSafeInt, {
    description: "How many scans match the filter, counted only when selected, up to 10,000.",
  })
  totalCount!: number;

  @Field(() => Boolean, { description: "Whether `totalCount` is exact; false: there are more." })
  totalCountIsExact!: boolean;
}
