import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import type { InternetClass } from "../../../schema/classes.js";
import { InternetClassName } from "../../../schema/graphql/classes.js";
import {
  CreateJoinTokenResult,
  JoinRefusal,
  JoinToken,
  RevokeJoinTokenResult,
  type CreateJoinTokenSuccess,
  type RevokeJoinTokenSuccess,
} from "../../../schema/graphql/join-token.js";
import { isJoinErrorCode, joinSentence } from "../../../schema/join-errors.js";
import type { JoinRefusalRecord } from "../../db/join-refusals.js";
import { readJoinTokenRecord, readJoinTokens, type JoinTokenRecord } from "../../db/join-tokens.js";
import { createJoinToken, JOIN_TOKEN, revokeJoinToken } from "../../join/join-tokens.js";
import { readPin, readTokenLines } from "../../join/token-lines.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => JoinRefusal)
export class JoinRefusalResolver {
  @FieldResolver(() => String, { description: "Why, and what to do, for people." })
  sentence(@Root() { code, detail }: JoinRefusalRecord): string {
    // A newer gateway may have refused it with a code that is unknown here.
    return isJoinErrorCode(code) ? joinSentence(code, detail ?? undefined) : (detail ?? code);
  }

  @FieldResolver(() => String, { nullable: true })
  host(@Root() { host }: JoinRefusalRecord): string | null {
    return host === "" ? null : host;
  }
}

@Resolver(() => JoinToken)
export class JoinTokenResolver {
  @Needs("admin")
  @Query(() => [JoinToken], {
    description: "The join tokens, the newest first.",
    complexity: listCost(TYPICAL.joinTokens),
  })
  joinTokens(
    @Arg("ended", () => Boolean, {
      defaultValue: false,
      description: "Whether to include those that are used up, expired or revoked; they are forgotten 30 days after they ended.",
    })
    ended: boolean,
    @Ctx() { mesh }: RequestContext,
  ): Promise<JoinTokenRecord[]> {
    return readJoinTokens(mesh.db, { ended });
  }

  @Needs("admin")
  @Subscription(() => [JoinToken], {
    description: "`joinTokens`, then the whole list again after each change, such as an agent that has joined or was refused.",
    complexity: listCost(TYPICAL.joinTokens),
    subscribe: ({ args, context }: { args: { ended: boolean }; context: RequestContext }) =>
      context.mesh.hostWatches[args.ended ? "allTokens" : "usableTokens"].watch(),
  })
  joinTokensUpdated(
    @Arg("ended", () => Boolean, { defaultValue: false, description: "Whether to include those that can be used no more." })
    _ended: boolean,
    @Root() { items }: ListChange<readonly JoinTokenRecord[]>,
  ): readonly JoinTokenRecord[] {
    return items[0] ?? [];
  }

  @Needs("admin")
  @Query(() => JoinToken, {
    nullable: true,
    description: "A join token, whether it can be used or not; null if there is none, or if it ended more than 30 days ago.",
  })
  async joinToken(
    @Arg("id", () => ID, { description: "The token's `id`." }) id: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<JoinTokenRecord | null> {
    return (await readJoinTokenRecord(mesh.db, id)) ?? null;
  }

  @Needs("admin")
  @Mutation(() => CreateJoinTokenResult, {
    description: "Creates a token by which hosts join: `npm run agent -- join TOKEN`. Its text is shown only here.",
  })
  createJoinToken(
    @Arg("class", () => InternetClassName, { description: "The class of the agents that join by it." }) internet: InternetClass,
    @Arg("ttl", () => Int, { defaultValue: JOIN_TOKEN.ttlSeconds, description: "Seconds until it expires: 60 to 2592000." })
    ttlSeconds: number,
    @Arg("uses", () => Int, { defaultValue: JOIN_TOKEN.uses, description: "How many agents may join by it: 1 to 1000." })
    uses: number,
    @Arg("namePattern", () => String, {
      nullable: true,
      description: "The names that they may take, `*` for any characters; without it any name.",
    })
    namePattern: string | null | undefined,
    @Arg("ephemeral", () => Boolean, {
      defaultValue: false,
      description: "Whether agents that joined by it are forgotten 10 minutes after they are gone.",
    })
    ephemeral: boolean,
    @Arg("gateway", () => String, {
      nullable: true,
      description:
        "The address at which they reach a gateway; without it the one that this request was sent to, or SCANMESH_PUBLIC_URL.",
    })
    gateway: string | null | undefined,
    @Ctx() { mesh, caller, baseUrl }: RequestContext,
  ): Promise<CreateJoinTokenSuccess | UserErrorRecord> {
    return orUserError([], async () => {
      const more = { namePattern: namePattern ?? undefined, gateway: gateway ?? baseUrl };
      // Checked before the token is created, because a token without its lines would be lost.
      await readPin(mesh.config, more.gateway);
      const { record, text } = await createJoinToken(mesh, caller, { class: internet, ttlSeconds, uses, ephemeral, ...more });
      return { joinToken: record, text, lines: await readTokenLines(mesh.config, text) };
    });
  }

  @Needs("admin")
  @Mutation(() => RevokeJoinTokenResult, {
    description: "Revokes a join token: nobody joins by it any more. Agents that have joined stay.",
  })
  revokeJoinToken(
    @Arg("id", () => ID, { description: "The token's `id`." }) id: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<RevokeJoinTokenSuccess | UserErrorRecord> {
    return orUserError(["id"], async () => ({ joinToken: await revokeJoinToken(mesh, caller, id) }));
  }
}
