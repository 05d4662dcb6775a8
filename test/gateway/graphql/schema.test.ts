import { readFileSync } from "node:fs";
import {
  DEFAULT_DEPRECATION_REASON,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLNamedType,
} from "graphql";
import { expect, it } from "vitest";
import { createSchema, schemaDocument } from "../../../gateway/graphql/schema.js";
import { ERROR_STATUS } from "../../../gateway/errors.js";
import { projectPath } from "../../../schema/paths.js";
import { SCOPES, type Scope } from "../../../schema/scopes.js";
import { UserErrorCode } from "../../../schema/graphql/user-error.js";

const schema = createSchema();

interface Described {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
}

/** A type with everything in it that a client's author reads about. */
function parts(type: GraphQLNamedType): Described[] {
  const inside: Described[] = [];
  if (isEnumType(type)) inside.push(...type.getValues());
  if (isInputObjectType(type)) inside.push(...Object.values(type.getFields()));
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      inside.push(field, ...field.args.map((argument) => ({ ...argument, name: `${field.name}.${argument.name}` })));
    }
  }
  return [type, ...inside.map((part) => ({ ...part, name: `${type.name}.${part.name}` }))];
}

it("the committed schema is what the code says", () => {
  expect(readFileSync(projectPath("schema", "schema.graphql"), "utf8")).toBe(schemaDocument(schema));
});

it("every type, field, argument and enum value is described", () => {
  const own = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"));
  const silent = own.flatMap(parts).filter(({ description }) => !description);
  expect(silent.map(({ name }) => name)).toEqual([]);
});

it("every query, mutation and subscription says which scope it needs", () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) => Object.values(type?.getFields() ?? {}));
  expect(fields.length).toBeGreaterThan(0);
  // What createDownload needs depends on its input: its verb asks for it.
  const anyKey = ["viewer", "createDownload", "readinessUpdated"];
  expect(fields.filter(({ extensions }) => extensions.scope === "key").map(({ name }) => name)).toEqual(anyKey);
  const others = fields.filter(({ name }) => !anyKey.includes(name));
  expect(others.filter(({ extensions }) => !SCOPES.includes(extensions.scope as Scope)).map(({ name }) => name)).toEqual([]);
});

it("every deprecation says what to do instead", () => {
  const deprecated = Object.values(schema.getTypeMap())
    .flatMap(parts)
    .filter(({ deprecationReason }) => typeof deprecationReason === "string");
  const bare = deprecated.filter(
    ({ deprecationReason }) => !deprecationReason || deprecationReason === DEFAULT_DEPRECATION_REASON,
  );
  expect(bare.map(({ name }) => name)).toEqual([]);
});

it("errors that mutations return have the gateway's own codes", () => {
  expect(Object.keys(UserErrorCode).filter((code) => !(code in ERROR_STATUS))).toEqual([]);
});
