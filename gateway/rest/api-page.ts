/** Renders the OpenAPI document as a page without scripts. */

import type { Described, Json, OpenApi } from "./openapi.js";

export function apiPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => section(verb.toUpperCase(), path, operation)),
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<h3 id="${escape(name)}">${escape(name)}</h3>\n${fields(schema)}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)}: the REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="api/page.css">
</head>
<body>
<header><h1>${escape(info.title)}</h1><p>the REST API</p></header>
<main>
<p>${prose(info.description)}</p>
<p>For programs: <a href="api/openapi.json">openapi.json</a>. The rest of the mesh speaks GraphQL: <a href="schema.graphql">schema.graphql</a>.</p>
${operations.join("\n")}
<section>
<h2>Shapes</h2>
${schemas.join("\n")}
</section>
</main>
<footer><p><a href="./">The mesh</a></p></footer>
</body>
</html>
`;
}

function section(
  verb: string,
  path: string,
  { operationId, summary, description, parameters, requestBody, responses }: Described,
): string {
  const parts = [
    `<section id="${escape(operationId)}">`,
    `<h2><code><b>${verb}</b> ${escape(path)}</code></h2>`,
    `<p>${prose(summary)}.${description === undefined ? "" : ` ${prose(description)}`}</p>`,
  ];
  if (parameters) {
    const rows = parameters.map(({ name, in: place, description: about = "" }) => [
      `<code>${escape(name)}</code>`,
      place,
      prose(about),
    ]);
    parts.push(table(["parameter", "in", ""], rows));
  }
  if (requestBody) parts.push(table(["body", ""], contentRows(requestBody.content)));
  const answers = Object.entries(responses).flatMap(([status, { description: about, content = {} }]) =>
    status === "200" ? contentRows(content).map(([type = "", shape = ""]) => [`200 ${type}`, shape]) : [[status, prose(about)]],
  );
  parts.push(table(["answer", ""], answers), "</section>");
  return parts.join("\n");
}

function contentRows(content: Readonly<Record<string, { readonly schema: Json }>>): string[][] {
  return Object.entries(content).map(([type, { schema }]) => [`<code>${escape(type)}</code>`, describeType(schema)]);
}

function fields(schema: Json): string {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Json>; required?: string[] };
  const rows = Object.entries(properties).map(([name, field]) => {
    const { description } = field as { description?: string };
    return [
      `<code>${escape(name)}</code>`,
      describeType(field),
      `${required.includes(name) ? "" : "Optional. "}${prose(description ?? "")}`,
    ];
  });
  return table(["field", "type", ""], rows);
}

interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly items?: Json;
  readonly anyOf?: readonly Json[];
  readonly properties?: Readonly<Record<string, Json>>;
}

/** A short description of a type, as HTML. */
function describeType(schema: Json): string {
  const { $ref, type, const: constant, enum: values, items, anyOf, properties } = schema as Shape;
  if ($ref !== undefined) {
    const name = escape($ref.split("/").at(-1) ?? "");
    return `<a href="#${name}">${name}</a>`;
  }
  if (anyOf) return anyOf.map(describeType).join(" or ");
  if (values) return values.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(" or ");
  if (constant !== undefined) return `<code>${escape(JSON.stringify(constant))}</code>`;
  if (type === "array") return `list of ${describeType(items ?? {})}`;
  if (properties)
    return `{ ${Object.entries(properties)
      .map(([name, field]) => `${escape(name)}: ${describeType(field)}`)
      .join(", ")} }`;
  return escape([type ?? "anything"].flat().join(" or "));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${cell}</${tag}>`).join("");
  return `<table>\n<thead><tr>${cells("th", head)}</tr></thead>\n<tbody>\n${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")}\n</tbody>\n</table>`;
}

/** Text with `code` in it. */
function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
