import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from "type-graphql";
import {
  ApiKey,
  CreateApiKeyInput,
  CreateApiKeyResult,
  RevokeApiKeyResult,
  type CreateApiKeySuccess,
  type RevokeApiKeySuccess,
} from "../../../schema/graphql/api-key.js";
import { ApiKeyConnection } from "../../../schema/graphql/api-key-connection.js";
import { listApiKeys, readApiKeys, type ApiKeyRecord } from "../../db/api-keys.js";
import { createApiKey, revokeApiKey } from "../../scan/api-keys.js";
import { pageLength, pageOf, PAGE, type Connection } from "../inputs/connection.js";
import { keyCursorOf, keyOf } from "../inputs/cursors.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";

const KEYS = "apiKeys";

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Needs("admin")
  @Query(() => [ApiKey], {
    description: "The API keys, the newest first.",
    complexity: listCost(TYPICAL.apiKeys),
  })
  apiKeys(
    @Arg("revoked", () => Boolean, { defaultValue: false, description: "Whether to include revoked keys." })
    revoked: boolean,
    @Ctx() { mesh }: RequestContext,
  ): Promise<ApiKeyRecord[]> {
    return readApiKeys(mesh.db, { revoked });
  }

  @Needs("admin")
  @Query(() => ApiKeyConnection, { description: "The API keys, the newest first, a page at a time.", complexity: pageCost })
  async apiKeyConnection(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("revoked", () => Boolean, { defaultValue: false, description: "Whether to include revoked keys." })
    revoked: boolean,
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<ApiKeyRecord>> {
    const limit = pageLength(first) + 1;
    const afterId = keyOf(KEYS, after);
    const found = await listApiKeys(mesh.db, { revoked, after: afterId, limit });
    return pageOf(found, { first, continued: afterId !== undefined, cursorOf: ({ id }) => keyCursorOf(KEYS, id) });
  }

  @Needs("admin")
  @Mutation(() => CreateApiKeyResult, { description: "Creates an API key; its text is shown only here." })
  createApiKey(
    @Arg("input", () => CreateApiKeyInput, { description: "The key to create." }) input: CreateApiKeyInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<CreateApiKeySuccess | UserErrorRecord> {
    return orUserError(["input"], async () => {
      const { name, scopes, expiresAt, rate, dailyScans } = input;
      const wanted = {
        name,
        scopes,
        expiresAt: expiresAt ?? undefined,
        rate: rate ?? undefined,
        dailyScans: dailyScans ?? undefined,
      };
      const { record, text } = await createApiKey(mesh, caller, wanted);
      return { apiKey: record, text };
    });
  }

  @Needs("admin")
  @Mutation(() => RevokeApiKeyResult, {
    description: "Revokes an API key; its open connections are closed within seconds.",
  })
  revokeApiKey(
    @Arg("id", () => ID, { description: "The key's `id`." }) id: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<RevokeApiKeySuccess | UserErrorRecord> {
    return orUserError(["id"], async () => ({ apiKey: await revokeApiKey(mesh, caller, id) }));
  }
}
