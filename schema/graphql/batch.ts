import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Int, ObjectType } from "type-graphql";
import { Node } from "./node.js";
import { ScanConnection } from "./scan-connection.js";

@ObjectType({ description: "How far the scans of a batch are, and their verdicts.", simpleResolvers: true })
export class BatchCounts {
  @Field(() => Int, { description: "Scans that are not final yet." })
  open!: number;

  @Field(() => Int, { description: "Scans that are final." })
  final!: number;

  @Field(() => Int, { description: "Scans with the verdict INFECTED, final or not." })
  infected!: number;

  @Field(() => Int, { description: "Scans with the verdict SUSPICIOUS, final or not." })
  suspicious!: number;

  @Field(() => Int, { description: "Scans with the verdict CLEAN." })
  clean!: number;

  @Field(() => Int, { description: "Scans with the verdict INCONCLUSIVE." })
  inconclusive!: number;
}

@ObjectType({ implements: Node, description: "Scans that were submitted together.", simpleResolvers: true })
export class Batch extends Node {
  @Field(() => GraphQLSafeInt, { description: "The batch's number, as `batch(id)` takes it." })
  batchId!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When it was accepted." })
  createdAt!: Date;

  @Field(() => Int, {
    description: "How many scans were accepted, including those that were deleted since; the other counts leave these out.",
  })
  total!: number;

  @Field(() => BatchCounts, { description: "How far its scans are." })
  counts!: BatchCounts;

  @Field(() => GraphQLSafeInt, {
    description: "Rises with every visible change of its scans: the reading with the higher revision is the newer one.",
  })
  revision!: number;

  @Field(() => ScanConnection, { description: "Its scans in the order of the samples, a page at a time." })
  scans!: ScanConnection;
}
