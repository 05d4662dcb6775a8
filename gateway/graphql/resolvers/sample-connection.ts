import { GraphQLSafeInt } from "graphql-scalars";
import { FieldResolver, Resolver, Root } from "type-graphql";
import { SampleConnection } from "../../../schema/graphql/sample-connection.js";
import { COUNT_COST, type CountedConnection } from "../inputs/list-counts.js";

@Resolver(() => SampleConnection)
export class SampleConnectionResolver {
  @FieldResolver(() => GraphQLSafeInt, { complexity: COUNT_COST })
  async totalCount(@Root() { count }: CountedConnection<unknown>): Promise<number> {
    return (await count()).count;
  }

  @FieldResolver(() => Boolean, { complexity: COUNT_COST })
  async totalCountIsExact(@Root() { count }: CountedConnection<unknown>): Promise<boolean> {
    return (await count()).exact;
  }
}
