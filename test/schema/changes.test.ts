import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { breakingChanges } from "../../cli/schema-changes.js";
import { projectPath } from "../../schema/paths.js";

const RELEASED = `
  type Query { scan(id: Int!): Scan, old: Int @deprecated(reason: "use scan") }
  type Scan { id: ID!, verdict: Verdict }
  enum Verdict { CLEAN INFECTED }
  input Wish { name: String }
`;
const changed = (from: string, to: string) => breakingChanges(RELEASED, RELEASED.replace(from, to));

it.each([
  ["a field that is gone", "verdict: Verdict", "name: String", "Field 'verdict' was removed from object type 'Scan'"],
  ["a field that may be null now", "id: ID!,", "id: ID,", "Field 'Scan.id' changed type from 'ID!' to 'ID'"],
  ["an argument that must be given now", "(id: Int!)", "(id: Int!, by: Int!)", "Argument 'by: Int!' added to field 'Query.scan'"],
  ["an enum value that is gone", "CLEAN INFECTED", "CLEAN", "Enum value 'INFECTED' was removed from enum 'Verdict'"],
  [
    "an input that must be given now",
    "name: String }",
    "name: String! }",
    "Input field 'Wish.name' changed type from 'String' to 'String!'",
  ],
])("%s breaks clients", async (_, from, to, sentence) => expect(await changed(from, to)).toEqual([sentence]));

it.each([
  ["a field more", "verdict: Verdict", "verdict: Verdict, name: String"],
  ["what was released as deprecated and is gone", `, old: Int @deprecated(reason: "use scan")`, ""],
  ["a deprecation", "verdict: Verdict", `verdict: Verdict @deprecated(reason: "no more")`],
])("%s does not", async (_, from, to) => expect(await changed(from, to)).toEqual([]));

it("what is deprecated only now may not go before a release", async () => {
  const deprecated = RELEASED.replace("verdict: Verdict", `verdict: Verdict @deprecated(reason: "no more")`);
  expect(await breakingChanges(deprecated, RELEASED.replace(", verdict: Verdict", ""))).toEqual([]);
  expect(await breakingChanges(RELEASED, RELEASED.replace(", verdict: Verdict", ""))).toHaveLength(1);
});

it("the schema breaks no client of the released one", async () => {
  const [released, current] = ["released.graphql", "schema.graphql"].map((file) =>
    readFileSync(projectPath("schema", file), "utf8"),
  );
  expect(await breakingChanges(released ?? "", current ?? "")).toEqual([]);
});
