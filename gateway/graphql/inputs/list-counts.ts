import { GraphQLSafeInt } from "graphql-scalars";
import { FieldResolver, Resolver, Root } from "type-graphql";
import { SampleConnection } from "../../../schema/graphql/sample-connection.js";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import type { ListCount } from "../../db/list-place.js";
import type { Connection } from "./connection.js";

/** What counting a list costs, in fields. */
const COUNT_COST = 100;

/** A page that can be asked how long its list is. */
export interface CountedConnection<T> extends Connection<T> {
  /** Counts once, however often it is called. */
  readonly count: () => Promise<ListCount>;
}

export function counted<T>(page: Connection<T>, count: () => Promise<ListCount>): CountedConnection<T> {
  let running: Promise<ListCount> | undefined;
  return Object.assign(page, { count: () => (running ??= count()) });
}

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
