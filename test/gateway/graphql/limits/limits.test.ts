import { readFileSync } from "node:fs";
import { getIntrospectionQuery, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { openCaller } from "../../../../gateway/caller.js";
import { createOperationCheck } from "../../../../gateway/graphql/limits/checks.js";
import { createDocuments, isRefused } from "../../../../gateway/graphql/limits/documents.js";
import { LIMITS } from "../../../../gateway/graphql/limits/limits.js";
import { unstorablePath } from "../../../../gateway/graphql/limits/storable.js";
import { createOpenOperations } from "../../../../gateway/graphql/transports/open-operations.js";
import { shapeErrors } from "../../../../gateway/graphql/limits/document-shape.js";
import { createSchema } from "../../../../gateway/graphql/schema.js";
import { projectPath } from "../../../../schema/paths.js";

const schema = createSchema();
const documents = createDocuments(schema, true);
const check = createOperationCheck(schema);
const caller = openCaller("127.0.0.1", "test");

const over = (query: string) => shapeErrors(parse(query)).map(({ extensions }) => extensions["limit"]);
const nested = (depth: number) => `${"{a".repeat(depth)}${"}".repeat(depth)}`;
const times = (count: number, part: (i: number) => string) => Array.from({ length: count }, (_, i) => part(i)).join(" ");

/** The code and the limit that a query is refused with over every transport; nothing if it may run. */
function refused(query: string, variables: Record<string, unknown> = {}): string[] {
  const document = documents(query);
  const errors = isRefused(document) ? document : check({ document, variables }, caller);
  return errors.map(({ extensions }) => String(extensions["limit"] ?? extensions["code"]));
}

describe("the limits of a document's form", () => {
  it("take the deepest that is allowed and no deeper", () => {
    expect(
      over(
        nested(LIMITS.depth)
          .replaceAll("a", "b")
          .replace(/b/g, () => `f${Math.random().toString(36).slice(2)}`),
      ),
    ).toEqual([]);
    expect(over(nested(LIMITS.depth + 1))).toEqual(["depth"]);
  });

  it("count depth through fragments", () => {
    const chain = times(20, (i) => `fragment f${i} on T { a${i} { ...f${i + 1} } }`);
    expect(over(`{ ...f0 } ${chain} fragment f20 on T { a }`)).toEqual(["depth"]);
  });

  it("refuse a fragment that contains itself", () => {
    expect(over("{ ...a } fragment a on T { x { ...b } } fragment b on T { ...a }")).toEqual(["recursion"]);
    expect(over("{ a } fragment a on T { x { ...a } }")).toEqual(["recursion"]);
  });

  it("refuse a field within itself within itself", () => {
    expect(over("{ node { x { node { x { node { x { node { b } } } } } } } }")).toEqual([]);
    expect(over("{ node { x { node { x { node { x { node { x { node { b } } } } } } } } } }")).toEqual(["recursion"]);
  });

  it("count the fields of fragments that multiply each other, without walking them again and again", () => {
    const doubling = times(60, (i) => `fragment f${i} on T { ...f${i + 1} ...f${i + 1} }`);
    expect(over(`{ ...f0 } ${doubling} fragment f60 on T { a }`)).toEqual(
      ["fields", "rootFields", "fragments"].toSorted(byLimits),
    );
  });

  it.each([
    ["aliases", (n: number) => `{ x { ${times(n, (i) => `a${i}: b`)} } }`],
    ["fields", (n: number) => `{ x { ${times(n - 1, (i) => `a${i}`)} } }`],
    ["rootFields", (n: number) => `{ ${times(n, (i) => `a${i}`)} }`],
    ["fragments", (n: number) => `{ ${"... { ".repeat(n)} a ${"}".repeat(n)} }`],
    ["directives", (n: number) => `{ a ${"@b ".repeat(n)} }`],
    ["operations", (n: number) => times(n, (i) => `query q${i} { a }`)],
    ["variables", (n: number) => `query(${times(n, (i) => `$v${i}: Int`)}) { a }`],
    ["repetitions", (n: number) => `{ x { ${"a ".repeat(n)} } }`],
    ["inputDepth", (n: number) => `{ a(b: ${"[".repeat(n)}${"]".repeat(n)}) }`],
    ["inputDepth", (n: number) => `{ a @c(b: ${"{d: ".repeat(n)}1${"}".repeat(n)}) }`],
  ] as const)("take %s up to the limit and no more", (limit, query) => {
    expect(over(query(LIMITS[limit]))).toEqual([]);
    expect(over(query(LIMITS[limit] + 1))).toEqual([limit]);
  });

  it("count what fragments and parents of one name bring to one place of the answer", () => {
    const parents = times(8, () => `x { ${"a ".repeat(7)} }`);
    expect(over(`{ ${parents} }`)).toEqual(["repetitions"]);
  });
});

function byLimits(a: string, b: string): number {
  const order = Object.keys({ depth: 0, fields: 0, aliases: 0, fragments: 0, directives: 0, inputDepth: 0, rootFields: 0 });
  return order.indexOf(a) - order.indexOf(b);
}

describe("the limits of a document's text", () => {
  it.each([
    ["tokens", `{ ${"a ".repeat(LIMITS.tokens)} }`],
    ["lines", "\n".repeat(LIMITS.lines)],
    ["lines", "#\r\n".repeat(LIMITS.lines)],
  ])("refuse too many %s", (limit, query) => expect(refused(query)).toEqual([limit]));
});

it("a subscription with a directive that lacks its argument is refused", () => {
  expect(refused("subscription { scanUpdated(id: 1) @include { id } }")).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
});

describe("the limits of variables", () => {
  const query = "mutation($input: SubmitScanInput!) { submitScan(input: $input) { __typename } }";

  it("refuse too many values and too deep ones", () => {
    const engines = Array.from({ length: LIMITS.values }, (_, i) => `Engine${i}`);
    expect(refused(query, { input: { base64: "", engines } })).toEqual(["values"]);
    expect(refused(query, { input: JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`) })).toEqual(["inputDepth"]);
  });

  it("refuse what cannot be stored, in texts of the document too", () => {
    for (const name of ["a\0b", "\ud800", "\udc00\ud800"]) {
      expect(refused(query, { input: { base64: "", name } })).toEqual(["BAD_USER_INPUT"]);
    }
    expect(refused(query, { input: { base64: "", name: "ünï 💩 \u202e" } })).toEqual([]);
    for (const text of [`"a\\u0000"`, `"a\0"`, `"""a\0"""`])
      expect(refused(`{ sample(hash: ${text}) { id } }`)).toEqual(["BAD_USER_INPUT"]);
  });

  it("say where it is", () => {
    expect(
      unstorablePath({
        labels: [
          { key: "a", value: "b" },
          { key: "a", value: "\0" },
        ],
      }),
    ).toEqual(["labels", "1", "value"]);
    expect(unstorablePath({ "\ud800": 1 })).toEqual([]);
    expect(unstorablePath({ labels: [{ key: "a", value: "b" }] })).toBeUndefined();
  });

  it("say what does not fit, a few at a time", () => {
    expect(refused(query, { input: { base64: "", engines: Array.from({ length: 100 }, () => 1) } })).toHaveLength(6);
    expect(refused("query($n: Int!) { scans(first: $n) { totalCount } }", { n: "x" })).toEqual(["BAD_USER_INPUT"]);
  });
});

const REPORT = `scanId name sample { sha256 } results { engine state verdict signature error versions { engine signatures signatureDate }
  agent startedAt endedAt durationMs details truncated type speed internet }`;

describe("the limit of cost", () => {
  it("lets a full page of full reports through", () => {
    expect(refused(`query($n: Int!) { scans(first: $n) { edges { cursor node { ${REPORT} } } } }`, { n: 100 })).toEqual([]);
  });

  it("refuses several of them at once, and says which limit and what was asked", () => {
    const document = documents(
      `{ ${["a", "b", "c"].map((alias) => `${alias}: scans(first: 100) { nodes { ${REPORT} } }`).join(" ")} }`,
    );
    const [error] = isRefused(document) ? document : check({ document }, caller);
    expect(error?.message).toMatch(/^this is over the limit of cost: \d+, and 100000 is the most$/);
    expect(error?.extensions).toEqual({
      code: "LIMIT_EXCEEDED",
      limit: "cost",
      asked: expect.stringMatching(/^\d+$/),
      most: 100_000,
    });
  });

  it("is not lowered by pages of negative length", () => {
    const pages = times(
      3,
      (i) => `a${i}: scans(first: 100) { nodes { ${REPORT} } } b${i}: scans(first: -1000000) { totalCount }`,
    );
    expect(refused(`{ ${pages} }`)).toEqual(["cost"]);
  });

  it("reckons with the length of the schema's own lists", () => {
    const fields = "name description isDeprecated deprecationReason args { name description } type { name kind }";
    const aliases = times(20, (i) => `f${i}: fields { ${fields} type { g: fields { ${fields} } } }`);
    expect(refused(`{ __schema { types { ${aliases} } } }`)).toEqual(["cost"]);
  });
});

describe("what clients ask every day", () => {
  it.each([
    ["the standard introspection", getIntrospectionQuery()],
    [
      "GraphiQL's introspection",
      getIntrospectionQuery({
        schemaDescription: true,
        inputValueDeprecation: true,
        specifiedByUrl: true,
        oneOf: true,
        directiveIsRepeatable: true,
      }),
    ],
    [
      "a dashboard of fragments",
      `query Dashboard { engines { ...Engine } agents { id agent host state engines { name healthy reason versions { engine } } }
        recent: scans { nodes { ...Row } pageInfo { endCursor hasNextPage } totalCount } oldest: scans(order: OLDEST_FIRST, first: 1) { nodes { startDate } } }
      fragment Engine on Engine { id name type speed internet available enabled versions { engine signatures signatureDate } }
      fragment Row on Scan { id ...Head results { ...Cell } } fragment Head on Scan { scanId name verdict detections total done sample { id sha256 mime size } }
      fragment Cell on Result { engine state verdict signature }`,
    ],
  ])("%s passes", (_, query) => expect(refused(query)).toEqual([]));
});

describe("operations that are open", () => {
  it("are limited for each connection", () => {
    const open = createOpenOperations(1_000);
    const connection = {};
    const entered = Array.from({ length: LIMITS.operationsPerConnection }, () =>
      open.acquire({ connection, subscriber: undefined }),
    );
    expect(entered.some(isRefused)).toBe(false);
    const refusal = open.acquire({ connection, subscriber: undefined });
    expect(isRefused(refusal) && refusal[0]?.extensions).toMatchObject({
      limit: "operationsPerConnection",
      asked: "101",
      most: 100,
    });
    for (const place of entered) if (!isRefused(place)) place.release();
    expect(isRefused(open.acquire({ connection, subscriber: undefined }))).toBe(false);
  });

  it("are limited for each subscriber, over all connections, and leave once however often they say so", () => {
    const open = createOpenOperations(2);
    const first = open.acquire({ connection: {}, subscriber: "key" });
    open.acquire({ connection: undefined, subscriber: "key" });
    expect(isRefused(open.acquire({ connection: {}, subscriber: "key" }))).toBe(true);
    expect(isRefused(open.acquire({ connection: {}, subscriber: "other" }))).toBe(false);
    if (!isRefused(first)) for (let i = 0; i < 5; i++) first.release();
    expect(isRefused(open.acquire({ connection: {}, subscriber: "key" }))).toBe(false);
    expect(isRefused(open.acquire({ connection: {}, subscriber: "key" }))).toBe(true);
  });
});

it("are all in the documents", () => {
  const page = readFileSync(projectPath("docs", "use", "graphql.md"), "utf8");
  for (const [limit, most] of Object.entries(LIMITS)) expect(page).toContain(`| \`${limit}\` | ${most} |`);
});
