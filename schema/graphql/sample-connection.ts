import { GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { PageInfo } from "./page-info.js";
import { Sample } from "./sample.js";

@ObjectType({ description: "A sample in a list.", simpleResolvers: true })
export class SampleEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => Sample, { description: "The sample." })
  node!: Sample;
}

@ObjectType({ description: "A page of samples.", simpleResolvers: true })
export class SampleConnection {
  @Field(() => [SampleEdge], { description: "The samples of this page with their cursors." })
  edges!: readonly SampleEdge[];

  @Field(() => [Sample], { description: "The samples of this page." })
  nodes!: readonly Sample[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;

  @Field(() => GraphQLSafeInt, {
    description: "How many samples match the filter, counted only when selected, up to 10,000.",
  })
  totalCount!: number;

  @Field(() => Boolean, { description: "Whether `totalCount` is exact; false: there are more." })
  totalCountIsExact!: boolean;
}
