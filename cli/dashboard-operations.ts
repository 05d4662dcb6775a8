/**
 * Writes the operations of the dashboard with their types, from its `.graphql` files and schema/schema.graphql, or with `--check` fails
 * if they are not current. Each file of operations becomes one module, so that a screen loads its own operations and no others.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operationTypes from "@graphql-codegen/typescript-operations";
import { buildSchema, Kind, parse, print, validate, visit, type DefinitionNode, type FragmentDefinitionNode } from "graphql";
import { projectPath } from "../schema/paths.js";

const SOURCES = projectPath("gateway", "dashboard");
const TARGET = join(SOURCES, "generated");
const SCALARS = { SafeInt: "number", DateTimeISO: "string", JSONObject: "Readonly<Record<string, unknown>>", ID: "string" };
const HEAD = "// Made by `npm run generate` from the .graphql file of the same name.\n";

const schemaText = readFileSync(projectPath("schema", "schema.graphql"), "utf8");
const schema = buildSchema(schemaText);
const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".graphql"));
const sources = files.map((file) => ({ file, definitions: parse(readFileSync(join(SOURCES, file), "utf8")).definitions }));
const fragments = new Map(
  sources.flatMap(({ definitions }) => definitions.filter(isFragment)).map((fragment) => [fragment.name.value, fragment]),
);

function isFragment(node: DefinitionNode): node is FragmentDefinitionNode {
  return node.kind === Kind.FRAGMENT_DEFINITION;
}

/** The fragments that a definition spreads, and those that these spread, each once. */
function spread(node: DefinitionNode, found = new Set<FragmentDefinitionNode>()): Set<FragmentDefinitionNode> {
  visit(node, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value);
      if (fragment === undefined) throw new Error(`no .graphql file has the fragment ${name.value}`);
      if (found.has(fragment)) return;
      found.add(fragment);
      spread(fragment, found);
    },
  });
  return found;
}

async function moduleOf(file: string, definitions: readonly DefinitionNode[]): Promise<string> {
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const used = new Set(operations.flatMap((operation) => [...spread(operation)]));
  const document = { kind: Kind.DOCUMENT, definitions: [...operations, ...used] } as const;
  const mistakes = validate(schema, document);
  if (mistakes.length > 0) throw new Error(`${file}: ${mistakes.map(({ message }) => message).join("\n")}`);
  const types = await codegen({
    schema: parse(schemaText),
    documents: [{ location: file, document }],
    filename: file,
    pluginMap: { operationTypes },
    plugins: [
      { operationTypes: { scalars: SCALARS, skipTypename: true, immutableTypes: true, avoidOptionals: { field: true } } },
    ],
    config: {},
  });
  const texts = operations.map((operation) => {
    const name = operation.name?.value ?? "";
    const kind = operation.operation[0]?.toUpperCase() + operation.operation.slice(1);
    const text = [operation, ...spread(operation)].map((node) => print(node)).join("\n");
    return `export const ${name} = ${JSON.stringify(text)} as unknown as TypedDocumentNode<${name}${kind}, ${name}${kind}Variables>;\n`;
  });
  return [HEAD, 'import type { TypedDocumentNode } from "urql";\n', `${types.trim()}\n`, ...texts].join("\n");
}

const modules = new Map<string, string>();
for (const { file, definitions } of sources) {
  if (!definitions.every(isFragment)) modules.set(`${basename(file, ".graphql")}.ts`, await moduleOf(file, definitions));
}
const stale = [...modules].filter(([name, text]) => {
  const path = join(TARGET, name);
  return !existsSync(path) || readFileSync(path, "utf8") !== text;
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) {
    process.stderr.write(
      `${stale.map(([name]) => `gateway/dashboard/generated/${name}`).join(", ")}: not current, run "npm run generate".\n`,
    );
    process.exitCode = 1;
  }
} else {
  mkdirSync(TARGET, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(TARGET, name), text);
}
