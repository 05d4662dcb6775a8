import { GraphQLSafeInt } from "graphql-scalars";
import { FieldResolver, Resolver, Root } from "type-graphql";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import { COUNT_COST, type CountedConnection } from "../inputs/list-counts.js";

@Resolver(() => ScanConnection)
export class ScanConnectionResolver {
  @FieldResolver(() => GraphQLSafeInt, { complexity: COUNT_COST })
  async totalCount(@Root() { count }: CountedConnection<unknown>): Promise<number> {
    return (await count()).count;
  }

  @FieldResolver(() => Boolean, { complexity: COUNT_COST })
  async totalCountIsExact(@Root() { count }: CountedConnection<unknown>): Promise<boolean> {
    return (await count()).exact;
  }
}
