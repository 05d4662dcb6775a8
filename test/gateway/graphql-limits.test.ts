import { getIntrospectionQuery, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { costErrors, formErrors, LIMITS } from "../../gateway/graphql/limits.js";
import { createSchema } from "../../gateway/graphql/schema.js";

const schema = createSchema();

const refused = (query: string) => formErrors(parse(query)).map(({ extensions }) => extensions["limit"]);
const nested = (depth: number) => `${"{a".repeat(depth)}${"}".repeat(depth)}`;

describe("the limits of a document's form", () => {
  it("take the deepest that is allowed and no deeper", () => {
    expect(refused(nested(LIMITS.depth))).toEqual([]);
    expect(refused(nested(LIMITS.depth + 1))).toEqual(["depth"]);
  });

  it("count depth through fragments", () => {
    const chain = Array.from({ length: 20 }, (_, i) => `fragment f${i} on T { a { ...f${i + 1} } }`).join(" ");
    expect(refused(`{ ...f0 } ${chain} fragment f20 on T { a }`)).toEqual(["depth"]);
  });

  it("refuse a fragment that contains itself", () => {
    expect(refused("{ ...a } fragment a on T { x { ...b } } fragment b on T { ...a }")).toEqual(["depth", "fields"]);
  });

  it("count the fields of fragments that multiply each other, without walking them again and again", () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `fragment f${i} on T { ...f${i + 1} ...f${i + 1} }`).join(" ");
    expect(refused(`{ ...f0 } ${doubling} fragment f60 on T { a }`)).toEqual(["fields"]);
  });

  it("let the standard introspection query through", () => expect(refused(getIntrospectionQuery())).toEqual([]));

  it("refuse thousands of aliases", () => {
    expect(refused(`{ ${Array.from({ length: 600 }, (_, i) => `a${i}: b`).join(" ")} }`)).toEqual(["fields"]);
  });
});

describe("the limit of cost", () => {
  const REPORT = `scanId name sample { sha256 } results { engine state verdict signature error versions { engine signatures signatureDate }
    agent startedAt endedAt durationMs details truncated type speed internet }`;
  const cost = (query: string, variables = {}) => costErrors(schema, { document: parse(query), variables });

  it("lets a full page of full reports through", () => {
    expect(cost(`query($n: Int!) { scans(first: $n) { edges { cursor node { ${REPORT} } } } }`, { n: 100 })).toEqual([]);
  });

  it("refuses several of them at once, and says which limit and what was asked", () => {
    const pages = ["a", "b", "c"].map((alias) => `${alias}: scans(first: 100) { nodes { ${REPORT} } }`).join(" ");
    const [error] = cost(`{ ${pages} }`);
    expect(error?.message).toMatch(/^the cost of this operation is \d+; 100000 is the most$/);
    expect(error?.extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "cost" });
  });

  it("refuses variables that do not fit", () => {
    expect(cost("query($n: Int!) { scans(first: $n) { totalCount } }", { n: "x" })[0]?.extensions["code"]).toBe("BAD_USER_INPUT");
  });
});
