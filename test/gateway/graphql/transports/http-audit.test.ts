/** The audit of the GraphQL over HTTP specification by its reference implementation. */

import { serverAudits } from "graphql-http";
import { expect, it } from "vitest";
import { prepared, useStage } from "../../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

/** GET needs a header here, so that no plain link can send it. */
const fetchFn: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("apollo-require-preflight", "1");
  return fetch(input, { ...init, headers });
};

it.each(serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn }))("$id: $name", async ({ name, fn }) => {
  const result = await fn();
  const problem = result.status === "ok" ? "" : result.reason;
  // What must be is an error, what should or may be is a warning or a notice.
  expect({ name, problem, status: result.status }).not.toMatchObject({ status: "error" });
});
