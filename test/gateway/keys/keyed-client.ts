/** Requests with an API key. */

import { sql } from "kysely";
import type { Database } from "../../../gateway/db/database.js";
import { createApiKey, type ApiKeyInput } from "../../../gateway/scan/api-keys.js";
import type { Scope } from "../../../schema/scopes.js";
import { TESTER, type LocalGateway } from "../../stage/stage.js";
import { ask, type Answer, type GraphQLAnswer } from "../http/http-client.js";

/** The text of a new key. */
export async function keyWith(
  { context }: LocalGateway,
  scopes: readonly Scope[],
  more: Partial<ApiKeyInput> = {},
): Promise<string> {
  return (await createApiKey(context, TESTER, { name: "test", scopes, ...more })).text;
}

export const inAnHour = () => new Date(Date.now() + 3_600_000);

/** Makes it an hour later for a key. */
export async function passAnHour(db: Database, key: string): Promise<void> {
  await sql`update api_keys set expires_at = expires_at - interval '1 hour' where id = ${idOf(key)}`.execute(db);
}

/** The id in a key's text. */
export function idOf(key: string): string {
  return key.split("_")[1] ?? "";
}

export async function operation(
  { url }: { readonly url: string },
  key: string | undefined,
  query: string,
  variables: object = {},
): Promise<Answer> {
  const headers = { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
  return ask(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
}

export const errorOf = (answer: Answer) => answer.json<GraphQLAnswer<unknown>>().errors?.[0];
