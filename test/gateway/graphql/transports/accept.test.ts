/** What the header Accept asks of answers. */

import { expect, it } from "vitest";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { ask } from "../../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

const post = (accept: string | undefined, body: string) =>
  ask(`${gateway.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(accept === undefined ? {} : { accept }) },
    body,
  });
const uploads = async () => (await stage.db.selectFrom("uploads").select("id").execute()).length;
const MUTATION = JSON.stringify({ query: "mutation { createUpload { id } }" });

it.each(["text/html", "application/xml;q=0.9, image/png", "application/json;q=0"])(
  "a mutation that is asked for as %s is refused, and does not run",
  async (accept) => {
    const before = await uploads();
    const answer = await post(accept, MUTATION);
    expect(answer.status).toBe(406);
    expect(answer.json()).toMatchObject({ errors: [{ extensions: { code: "NOT_ACCEPTABLE" } }] });
    expect(await uploads()).toBe(before);
  },
);

it.each([
  [undefined, "application/json; charset=utf-8"],
  ["*/*", "application/json; charset=utf-8"],
  ["application/json", "application/json; charset=utf-8"],
  ["application/graphql-response+json", "application/graphql-response+json; charset=utf-8"],
  ["application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json; charset=utf-8"],
  ["text/html, */*;q=0.1", "application/json; charset=utf-8"],
])("what is asked for as %s is %s, data and every kind of error alike", async (accept, type) => {
  for (const body of [
    MUTATION,
    JSON.stringify({ query: "{" }),
    JSON.stringify({ query: "{ nothing }" }),
    "{",
    "[]",
    "x".repeat(300_000),
  ]) {
    expect((await post(accept, body)).headers["content-type"]).toBe(type);
  }
});
