import { GraphQLDateTimeISO } from "graphql-scalars";
import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from "type-graphql";
import {
  LiftSuppressionResult,
  Suppression,
  SuppressionConnection,
  SuppressSignatureResult,
} from "../../../schema/graphql/suppression.js";
import { listSuppressions, type SuppressionRecord } from "../../db/suppressions.js";
import { GatewayError } from "../../errors.js";
import { liftSuppression, suppressSignature } from "../../scan/suppressions.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE, pageLength, pageOf, type Connection } from "../inputs/connection.js";
import { keyCursorOf, keyOf } from "../inputs/cursors.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { pageCost } from "../limits/list-cost.js";

const LIST = "suppressions";

@Resolver(() => Suppression)
export class SuppressionResolver {
  @Needs("admin")
  @Query(() => SuppressionConnection, { description: "Suppressed signatures, the newest first.", complexity: pageCost })
  async suppressions(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("ended", () => Boolean, {
      defaultValue: false,
      description: "Whether to include those that count again; they are forgotten 90 days after that.",
    })
    ended: boolean,
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<SuppressionRecord>> {
    const limit = pageLength(first) + 1;
    const afterId = keyOf(LIST, after);
    const found = await listSuppressions(mesh.db, { ended, after: idOf(afterId), limit });
    return pageOf(found, { first, continued: afterId !== undefined, cursorOf: ({ id }) => keyCursorOf(LIST, String(id)) });
  }

  @Needs("admin")
  @Mutation(() => SuppressSignatureResult, {
    description:
      "Makes a signature count for nothing in all results that come from now on, at once and whatever agent they come from; ClamAV leaves it out as soon as it has loaded its signatures without it. Results that are there stay as they are. Doing it again changes reason and expiry.",
  })
  suppressSignature(
    @Arg("signature", () => String, { description: "The signature's name as reports show it: 1 to 1024 characters." })
    signature: string,
    @Arg("reason", () => String, { description: "Why, for whoever reads a report: 1 to 500 characters." }) reason: string,
    @Arg("engine", () => String, {
      nullable: true,
      description: "The engine whose signature it is; without it every engine's of that name.",
    })
    engine: string | null | undefined,
    @Arg("expiresAt", () => GraphQLDateTimeISO, {
      nullable: true,
      description: "When it counts again by itself; without it never.",
    })
    expiresAt: Date | null | undefined,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ suppression: SuppressionRecord } | UserErrorRecord> {
    return orUserError([], async () => {
      const input = { signature, reason, engine: engine ?? null, expiresAt: expiresAt ?? null };
      return { suppression: await suppressSignature(mesh, caller, input) };
    });
  }

  @Needs("admin")
  @Mutation(() => LiftSuppressionResult, {
    description: "Lets a suppressed signature count again. Results that are there stay as they are.",
  })
  liftSuppression(
    @Arg("id", () => ID, { description: "Its `id`." }) id: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ suppression: SuppressionRecord } | UserErrorRecord> {
    return orUserError(["id"], async () => {
      const known = idOf(id);
      if (known === undefined) throw new GatewayError("NOT_FOUND", `there is no suppression ${id}`);
      return { suppression: await liftSuppression(mesh, caller, known) };
    });
  }
}

/** Undefined if it cannot be an id. */
function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
