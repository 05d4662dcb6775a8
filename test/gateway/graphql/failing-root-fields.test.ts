/** What a field at the top that fails does to the others of its operation. */

import { createClient, cacheExchange, fetchExchange, gql } from "@urql/core";
import { expect, it } from "vitest";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask, graphql } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

it("one that may be null is null, and the others keep their data", async () => {
  const answer = await graphql(
    gateway.url,
    `
      {
        sample(hash: "no hash") {
          sha256
        }
        engines {
          name
        }
      }
    `,
  );
  expect(answer.data).toEqual({ sample: null, engines: [] });
  expect(answer.errors).toMatchObject([{ path: ["sample"], extensions: { code: "BAD_INPUT" } }]);
});

it("one that is never null takes the others with it", async () => {
  const answer = await graphql(gateway.url, "{ scans(first: 0) { nodes { id } } engines { name } }");
  expect(answer.data).toBeNull();
  expect(answer.errors).toMatchObject([{ path: ["scans"], extensions: { code: "BAD_INPUT" } }]);
});

it("mutations before it are done, and those after it do not run", async () => {
  const failing = `createWebhook(input: { url: "https://192.0.43.8/", events: [SCAN_FINISHED] }) {
    ... on CreateWebhookSuccess { webhook { deliveries(first: 0) { nodes { deliveryId } } } } }`;
  const answer = await graphql(gateway.url, `mutation { before: createUpload { id } ${failing} after: createUpload { id } }`);
  expect(answer.data).toBeNull();
  expect(answer.errors).toMatchObject([{ path: ["createWebhook", "webhook", "deliveries"], extensions: { code: "BAD_INPUT" } }]);
  expect(await stage.db.selectFrom("uploads").select("id").execute()).toHaveLength(1);
});

it("urql's queries by GET are told what they need, and work with it", async () => {
  const query = gql("{ engines { name } }");
  const client = (options: object) =>
    createClient({
      url: `${gateway.url}/graphql`,
      exchanges: [cacheExchange, fetchExchange],
      preferGetMethod: "within-url-limit",
      ...options,
    });
  const refused = await client({}).query(query, {}).toPromise();
  expect(refused.error?.message).toContain("preferGetMethod: false");
  for (const options of [{ preferGetMethod: false }, { fetchOptions: { headers: { "apollo-require-preflight": "1" } } }]) {
    expect((await client(options).query(query, {}).toPromise()).data).toMatchObject({ engines: [] });
  }
  expect((await ask(`${gateway.url}/graphql?query=%7Bengines%7Bname%7D%7D`)).text).toContain("apollo-require-preflight: 1");
});
