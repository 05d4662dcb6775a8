/** Operations made to cost much more than they are long. */

export interface Bomb {
  readonly what: string;
  readonly query: string;
  /** As JSON. */
  readonly variables?: string;
  /** The limits it exceeds, or the codes it is refused with. */
  readonly refused: readonly string[];
  /** Steps that refusing it may cost where all of it has to be read. */
  readonly mostSteps?: number;
}

const times = (count: number, part: (i: number) => string) => Array.from({ length: count }, (_, i) => part(i)).join(" ");
const deep = (open: string, count: number, close: string, inner = "") => open.repeat(count) + inner + close.repeat(count);
const submit = (input: string) => `mutation { submitScan(input: ${input}) { __typename } }`;
const SUBMIT = "mutation($input: SubmitScanInput!) { submitScan(input: $input) { __typename } }";
const REPORT = "results { engine state verdict signature error details versions { engine signatures signatureDate } }";
/** As many as the limit of tokens lets through to the next check. */
const WITHIN_TOKENS = 600;

const text: Bomb[] = [
  { what: "a depth of 1,000", query: deep("{scans{nodes", 500, "}}", "{id}"), refused: ["tokens"] },
  { what: "10,000 aliases", query: `{ ${times(10_000, (i) => `a${i}: engines { name }`)} }`, refused: ["tokens"] },
  { what: "100,000 tokens", query: `{ ${"name ".repeat(50_000)}`, refused: ["tokens"] },
  { what: "100,000 punctuators", query: "{".repeat(100_000), refused: ["tokens"] },
  { what: "a list of 100,000 values", query: submit(`{ engines: [${"1,".repeat(100_000)}] }`), refused: ["tokens"] },
  { what: "lists 100,000 deep", query: submit(`{ engines: ${"[".repeat(100_000)}`), refused: ["tokens"] },
  { what: "10,000 directives", query: `{ engines ${"@skip(if: false) ".repeat(10_000)} { name } }`, refused: ["tokens"] },
  { what: "10,000 variables", query: `query(${times(10_000, (i) => `$v${i}: Int`)}) { engines { name } }`, refused: ["tokens"] },
  {
    what: "120,000 empty lines before errors",
    query: `${"\n".repeat(120_000)}{ ${times(100, (i) => `x${i}`)} }`,
    refused: ["lines"],
  },
  { what: "80,000 comments", query: `${"#\n".repeat(80_000)}{ engines { name } }`, refused: ["lines"] },
  {
    what: "200,000 commas before errors",
    query: `${",".repeat(200_000)}{ ${times(30, (i) => `x${i}`)} }`,
    refused: ["GRAPHQL_VALIDATION_FAILED"],
  },
  {
    what: "a string of 200,000 characters",
    query: `{ scan(id: "${"x".repeat(200_000)}") { id } }`,
    refused: ["GRAPHQL_VALIDATION_FAILED"],
    mostSteps: 15 * 200_000,
  },
  { what: "a name of 200,000 characters", query: `{ ${"x".repeat(200_000)} }`, refused: ["nameLength"] },
  {
    what: "a string without end",
    query: `{ scan(id: "${"x".repeat(200_000)}`,
    refused: ["GRAPHQL_PARSE_FAILED"],
    mostSteps: 3 * 200_000,
  },
];

const form: Bomb[] = [
  { what: `a depth of ${WITHIN_TOKENS}`, query: deep("{a", WITHIN_TOKENS, "}"), refused: ["depth"] },
  { what: "a fragment within itself", query: "{ ...a } fragment a on Query { ...a }", refused: ["recursion"] },
  {
    what: "a ring of 200 fragments",
    query: `{ ...f0 } ${times(200, (i) => `fragment f${i} on Query { ...f${(i + 1) % 200} }`)}`,
    refused: ["recursion"],
  },
  {
    what: "fragments that all contain each other",
    query: `{ ...f0 } ${times(20, (i) => `fragment f${i} on Query { ${times(20, (j) => `...f${j}`)} }`)}`,
    refused: ["recursion"],
  },
  {
    what: "fragments that double 100 times",
    query: `{ ...f0 } ${times(100, (i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`)} fragment f100 on Query { __typename }`,
    refused: ["fields"],
  },
  { what: "240 aliases", query: `{ ${times(240, (i) => `a${i}: engines { name }`)} }`, refused: ["rootFields"] },
  { what: "240 fields of one name", query: `{ ${"engines { name } ".repeat(240)} }`, refused: ["rootFields"] },
  { what: "300 fields of one name below", query: `{ scans { nodes { ${"name ".repeat(300)} } } }`, refused: ["repetitions"] },
  { what: "280 inline fragments", query: `{ ${"... { engines { name } } ".repeat(280)} }`, refused: ["fields"] },
  {
    what: "600 inline fragments within each other",
    query: deep("{ ...", WITHIN_TOKENS, "}", "{ __typename }"),
    refused: ["fragments"],
  },
  {
    what: "parents that multiply one field",
    query: `{ scans { ${`nodes { ${"name ".repeat(20)} } `.repeat(20)} } }`,
    refused: ["repetitions"],
  },
  { what: "480 variables", query: `query(${times(480, (i) => `$v${i}: Int`)}) { engines { name } }`, refused: ["variables"] },
  { what: "300 operations", query: times(300, (i) => `query q${i} { __typename }`), refused: ["operations"] },
  { what: "900 directives", query: `{ engines ${"@a ".repeat(900)} { name } }`, refused: ["directives"] },
  { what: "lists 900 deep", query: submit(`{ engines: ${deep("[", 900, "]")} }`), refused: ["inputDepth"] },
  { what: "objects 450 deep", query: submit(deep("{ a: ", 450, "}", "1")), refused: ["inputDepth"] },
];

const rules: Bomb[] = [
  {
    what: "200 fragments that nothing uses",
    query: `{ engines { name } } ${times(200, (i) => `fragment f${i} on Query { __typename }`)}`,
    refused: ["definitions"],
  },
  {
    what: "600 arguments",
    query: `{ engines(${times(600, (i) => `a${i}: 1`)}) { name } }`,
    refused: ["GRAPHQL_VALIDATION_FAILED"],
  },
  {
    what: "a list of 1,900 wrong values",
    query: submit(`{ base64: "", engines: [${"1 ".repeat(1_900)}] }`),
    refused: ["GRAPHQL_VALIDATION_FAILED"],
  },
  {
    what: "fields that nothing knows",
    query: `{ scans { nodes { ${times(480, (i) => `scanIde${i}`)} } } }`,
    refused: ["GRAPHQL_VALIDATION_FAILED"],
  },
  {
    what: "types that nothing knows",
    query: `{ ${times(90, (i) => `... on ScanConnectione${i} { x${i} }`)} }`,
    refused: ["rootFields"],
  },
  {
    what: "introspection that goes round",
    query: `{ __schema { types ${deep("{ fields { type ", 6, "} }", "{ name }")} } }`,
    refused: ["GRAPHQL_VALIDATION_FAILED"],
  },
];

const cost: Bomb[] = [
  {
    what: "pages of reports",
    query: `{ ${times(20, (i) => `a${i}: scans(first: 100) { nodes { ${REPORT} } }`)} }`,
    refused: ["cost"],
  },
  {
    what: "introspection by aliases",
    query: `{ __schema { types { ${times(40, (i) => `f${i}: fields { name type { fields { name description type { name kind description } } } }`)} } } }`,
    refused: ["cost"],
  },
];

const engines = (count: number, value: string) =>
  `{"input":{"base64":"","engines":[${times(count, () => value).replaceAll(" ", ",")}]}}`;

const variables: Bomb[] = [
  { what: "60,000 wrong values in a variable", query: SUBMIT, variables: engines(60_000, "1"), refused: ["values"] },
  { what: "25,000 texts in a variable", query: SUBMIT, variables: engines(25_000, '"Yara"'), refused: ["values"] },
  { what: "1,900 wrong values in a variable", query: SUBMIT, variables: engines(1_900, "1"), refused: ["BAD_USER_INPUT"] },
  {
    what: "15,000 variables that nothing declares",
    query: "{ engines { name } }",
    variables: `{${times(15_000, (i) => `"v${i}":1`).replaceAll(" ", ",")}}`,
    refused: ["values"],
  },
  { what: "a variable 100,000 deep", query: SUBMIT, variables: `{"input":${deep("[", 100_000, "]")}}`, refused: ["inputDepth"] },
  {
    what: "a text of 200,000 characters where a number belongs",
    query: "query($n: Int!) { scans(first: $n) { totalCount } }",
    variables: `{"n":"${"x".repeat(200_000)}"}`,
    refused: ["BAD_USER_INPUT"],
  },
];

export const BOMBS: readonly Bomb[] = [...text, ...form, ...rules, ...cost, ...variables];
