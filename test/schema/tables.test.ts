import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../gateway/db/database.js";
import { PluginType, Speed } from "../../schema/classes.js";
import { projectPath } from "../../schema/paths.js";
import { Priority } from "../../schema/scan-options.js";
import { RESULT_STATES, VERDICTS } from "../../schema/states.js";
import { openTestDatabase } from "../stage/database.js";

let db: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
});

afterAll(() => close());

/** What a column's type in schema/tables/ says, reduced to what Postgres can say too. */
function kindOf(type: string): string {
  const bare = type.replace(/^(Generated|GeneratedAlways)<(.*)>$/, "$2").replace(/ \| null$/, "");
  if (bare.endsWith("Timestamp")) return "timestamp";
  if (bare.startsWith("JSONColumnType")) return "json";
  if (bare === "Buffer") return "bytes";
  if (bare.endsWith("[]")) return `array of ${kindOf(bare.slice(0, -2))}`;
  if (bare === "Buffer") return "bytes";
  if (bare === "number" || bare === "boolean") return bare;
  return "text";
}

const POSTGRES_KINDS: Record<string, string> = {
  bigint: "number",
  integer: "number",
  smallint: "number",
  "double precision": "number",
  real: "number",
  boolean: "boolean",
  "timestamp with time zone": "timestamp",
  jsonb: "json",
  bytea: "bytes",
  date: "timestamp",
  text: "text",
  uuid: "text",
  xid8: "text",
  "USER-DEFINED": "text",
  _int8: "array of number",
  _int4: "array of number",
  _text: "array of text",
};

function declared(): Record<string, string[]> {
  const folder = projectPath("schema", "tables");
  const text = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const tables = Object.fromEntries([...text.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map(([, table, row]) => [row, table]));
  const interfaces = text.matchAll(/^export interface (\w+Table) \{\n([\s\S]*?)^\}/gm);
  return Object.fromEntries(
    [...interfaces].map(([, row, body]) => {
      const columns = [...(body ?? "").matchAll(/^ {2}(\w+): (.*);$/gm)].map(([, name, type = ""]) => {
        const nullable = type.endsWith(" | null") || type.startsWith("NullableTimestamp");
        return `${name}: ${kindOf(type)}${nullable ? ", nullable" : ""}`;
      });
      return [tables[row ?? ""], columns.toSorted()];
    }),
  );
}

async function migrated(): Promise<Record<string, string[]>> {
  const { rows } = await sql<{ table: string; name: string; type: string; udt: string; nullable: boolean }>`
    select table_name as table, column_name as name, data_type as type, udt_name as udt, is_nullable = 'YES' as nullable
    from information_schema.columns where table_schema = 'public' and table_name not like 'kysely%'`.execute(db);
  const tables: Record<string, string[]> = {};
  for (const { table, name, type, udt, nullable } of rows) {
    const kind = POSTGRES_KINDS[type === "ARRAY" ? udt : type] ?? `unknown type ${type} ${udt}`;
    (tables[table] ??= []).push(`${name}: ${kind}${nullable ? ", nullable" : ""}`);
  }
  return Object.fromEntries(Object.entries(tables).map(([table, columns]) => [table, columns.toSorted()]));
}

describe("the row types and the migrated database", () => {
  it("have the same tables, columns, kinds and nulls", async () => {
    expect(declared()).toEqual(await migrated());
  });

  it.each([
    ["speed", Object.keys(Speed)],
    ["priority", Object.keys(Priority)],
    ["plugin_type", Object.keys(PluginType)],
    ["result_state", RESULT_STATES],
    ["verdict", VERDICTS],
  ])("have the same values of %s in the same order", async (name, values) => {
    const { rows } = await sql<{ label: string }>`
      select enumlabel as label from pg_enum join pg_type on pg_type.oid = enumtypid where typname = ${name} order by enumsortorder`.execute(
      db,
    );
    expect(rows.map(({ label }) => label)).toEqual(values);
  });
});
