import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import { AuditEventConnection, AuditFilter } from "../../../schema/graphql/audit-event.js";
import { countAuditEvents, readAuditEvents, type AuditRecord } from "../../db/audit.js";
import type { Database } from "../../db/database.js";
import { pageOf, PAGE, pageLength } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { optional, text, times } from "../inputs/filter-values.js";
import { COUNT_COST, withCount, type CountedConnection } from "../inputs/list-counts.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageCost } from "../limits/list-cost.js";

const EVENTS = "auditEvents";
/** In microseconds. Times of events are whole milliseconds. */
const MILLISECOND = 1_000;

@Resolver(() => AuditEventConnection)
export class AuditEventResolver {
  @Needs("admin")
  @Query(() => AuditEventConnection, {
    description: "The audit log, the newest first, a page at a time.",
    complexity: pageCost,
  })
  async auditEvents(
    @Arg("filter", () => AuditFilter, { nullable: true, description: "Which events; without it all of them." })
    filter: AuditFilter | null | undefined,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Ctx() { mesh, list: read }: RequestContext,
  ): Promise<CountedConnection<AuditRecord>> {
    const limit = pageLength(first) + 1;
    const place = placeOf(EVENTS, after);
    const { keyId, action, subject, since, until } = filter ?? {};
    const part = optional("filter.text", filter?.text, text);
    const criteria = {
      keyId: keyId ?? undefined,
      action: action ?? undefined,
      subject: subject ?? undefined,
      text: part,
      ...times("filter", { since: since ?? null, until: until ?? null }),
    };
    const page = { limit, after: place && { at: new Date(place.micros / MILLISECOND), id: place.id } };
    const find = (db: Database) => readAuditEvents(db, criteria, page);
    const found = await (part === undefined ? find(mesh.db) : read(find));
    const cursor = ({ id, at }: AuditRecord) => cursorOf(EVENTS, { id, micros: at.getTime() * MILLISECOND });
    return withCount(pageOf(found, { first, continued: place !== undefined, cursorOf: cursor }), () =>
      read((db) => countAuditEvents(db, criteria)),
    );
  }
}

@Resolver(() => AuditEventConnection)
export class AuditEventConnectionResolver {
  @FieldResolver(() => GraphQLSafeInt, { complexity: COUNT_COST })
  async totalCount(@Root() { count }: CountedConnection<unknown>): Promise<number> {
    return (await count()).count;
  }

  @FieldResolver(() => Boolean, { complexity: COUNT_COST })
  async totalCountIsExact(@Root() { count }: CountedConnection<unknown>): Promise<boolean> {
    return (await count()).exact;
  }
}
