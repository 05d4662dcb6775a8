/** What the documents say of answers: no test may get one that they do not name. */

import { readFileSync } from "node:fs";
import type { OpenApi } from "../../../gateway/rest/openapi.js";
import { projectPath } from "../../../schema/paths.js";

const { paths } = JSON.parse(readFileSync(projectPath("schema", "openapi.json"), "utf8")) as Pick<OpenApi, "paths">;

const ENDPOINTS = Object.entries(paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).map(([verb, { responses }]) => ({
    verb: verb.toUpperCase(),
    path: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]*")}$`),
    statuses: new Set(Object.keys(responses).map(Number)),
  })),
);

/** The statuses that an error may have on /graphql, by its code. */
const GRAPHQL_CODES = new Map(
  [...readFileSync(projectPath("docs", "use", "graphql.md"), "utf8").matchAll(/^\| `([A-Z_]+)` \| ([\d,; ]+) \|/gm)].map(
    ([, code = "", statuses = ""]) => [code, new Set(statuses.split(/[,;] /).map(Number))] as const,
  ),
);

export interface Answered {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Throws if schema/openapi.json does not name the status of an endpoint's answer, or docs/use/graphql.md an error's code with it. */
export function mustBeDocumented(answered: Answered): void {
  const { method, status } = answered;
  const [path = ""] = answered.url.replace(/^https?:\/\/[^/]*/, "").split("?");
  const verb = method === "HEAD" ? "GET" : method;
  const endpoint = ENDPOINTS.find((one) => one.verb === verb && one.path.test(path));
  if (endpoint && !endpoint.statuses.has(status))
    throw new Error(`schema/openapi.json does not name ${status} of ${method} ${path}`);
  if (path !== "/graphql") return;
  for (const code of errorCodes(answered.text)) {
    if (!GRAPHQL_CODES.get(code)?.has(status)) throw new Error(`docs/use/graphql.md does not name ${code} with ${status}`);
  }
}

function errorCodes(text: string): string[] {
  if (!text.startsWith("{")) return [];
  const { errors = [] } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
  return errors.map(({ extensions }) => extensions?.code ?? "no code");
}
