import { Arg, Ctx, Int, Query, Resolver } from "type-graphql";
import { AuditEventConnection, AuditFilter } from "../../schema/graphql/audit-event.js";
import { readAuditEvents, type AuditPlace } from "../db/audit.js";
import { GatewayError } from "../errors.js";
import { connectionOf, PAGE, pageLength } from "./connection.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";

@Resolver(() => AuditEventConnection)
export class AuditResolver {
  @Needs("admin")
  @Query(() => AuditEventConnection, {
    description: "What was done with this mesh and by whom, the newest first, a page at a time.",
    complexity: ({ args, childComplexity }) => 1 + Number(args.first) * childComplexity,
  })
  async auditEvents(
    @Arg("filter", () => AuditFilter, { nullable: true, description: "Which events; without it all." })
    filter: AuditFilter | null | undefined,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ): Promise<AuditEventConnection> {
    const limit = pageLength(first) + 1;
    const place = typeof after === "string" ? placeOf(after) : undefined;
    const { keyId, action, subject, since, until } = filter ?? {};
    const criteria = {
      keyId: keyId ?? undefined,
      action: action ?? undefined,
      subject: subject ?? undefined,
      since: since ?? undefined,
      until: until ?? undefined,
    };
    const found = await readAuditEvents(mesh.db, criteria, { limit, after: place });
    return connectionOf(found, { first, continued: place !== undefined, cursorOf });
  }
}

/** Times of events are whole milliseconds. */
function cursorOf({ at, id }: AuditPlace): string {
  return Buffer.from(`event:${at.getTime()}:${id}`).toString("base64url");
}

function placeOf(cursor: string): AuditPlace {
  const [, at, id] = /^event:(\d{1,15}):([1-9]\d{0,14})$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (at === undefined || id === undefined) throw new GatewayError("BAD_INPUT", "after: is not a cursor of this list");
  return { at: new Date(Number(at)), id: Number(id) };
}
