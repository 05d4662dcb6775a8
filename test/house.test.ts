/** The rules of the house: where things stand and who may know whom. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { projectPath } from "../schema/paths.js";

const LINES = 250;
const VAGUE = /^(utils?|helpers?|common|shared|misc|core|lib)(\.|$)/;
const SOURCE = /\.(ts|tsx|mjs|js|sql)$/;

/**
 * The rooms from the ground up. A file may import from its own room and from rooms below it in the same column; `schema` is
 * below all. Rooms of one floor do not know each other.
 */
const FLOORS: Record<string, RegExp[][]> = {
  gateway: [
    [/^gateway\/(errors|caller|config|failpoint|metrics|content|flow|batch|key-text|token-bucket|zipped)\.ts$/],
    [/^gateway\/db\//, /^gateway\/(bus|bus-account|bus-results|bus-connection|sample-store|webhook-request)\.ts$/],
    [/^gateway\/scan\//],
    [
      /^gateway\/(base-url|request-url|client-address|authenticate|content-policy|origin-guard|give-way|request-body|present-error|request-id|http-error)\.ts$/,
    ],
    [/^gateway\/graphql\//, /^gateway\/rest\//, /^gateway\/(health|page|upload)(-[a-z]+)?\.ts$/, /^gateway\/page\//],
    [/^gateway\/http\.ts$/],
    [/^gateway\/gateway\.ts$/],
    [/^gateway\/main\.ts$/],
  ],
  "scanner-agent": [
    [
      /^scanner-agent\/(config|contract|within|gate|programs|process-table|manifest-yaml|yaml-words|engine-loader|engine-choice)\.ts$/,
    ],
    [
      /^scanner-agent\/parsers\//,
      /^scanner-agent\/runners\//,
      /^scanner-agent\/(bus|delivery|pull|verbs|spool(-strays)?|sample-cache)\.ts$/,
    ],
    [/^scanner-agent\/(engine|engine-set|slots|self-test|presence|result|scan|intake|work|control)\.ts$/],
    [/^scanner-agent\/agent\.ts$/, /^scanner-agent\/doctor[a-z-]*\.ts$/],
    [/^scanner-agent\/main\.ts$/],
  ],
};

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: projectPath(),
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => SOURCE.test(file) && existsSync(projectPath(file)) && !file.includes("/generated/"));
const product = files.filter((file) => !file.startsWith("test/") && !file.startsWith("examples/"));
const textOf = (file: string): string => readFileSync(projectPath(file), "utf8");
const codeOf = (file: string): string => textOf(file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

interface Import {
  readonly from: string;
  readonly what: string;
}

/** Every import of a file: our own files as paths of the project, packages by name. */
function importsOf(file: string): Import[] {
  const found = codeOf(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^"';]*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g,
  );
  return [...found].map(([, plain, dynamic]) => {
    const what = plain ?? dynamic ?? "";
    return { from: file, what: what.startsWith(".") ? normalize(join(dirname(file), what)).replace(/\.js$/, ".ts") : what };
  });
}

const imports = product.flatMap(importsOf);
const broken = (found: Iterable<Import>): string[] => [...found].map(({ from, what }) => `${from} imports ${what}`);

describe("size and names", () => {
  it(`files have ${LINES} lines at most`, () => {
    const long = files.map((file) => [file, textOf(file).split("\n").length - 1] as const).filter(([, lines]) => lines > LINES);
    expect(long).toEqual([]);
  });

  it("nothing has a name that says nothing", () => {
    expect(files.filter((file) => file.split("/").some((part) => VAGUE.test(part)))).toEqual([]);
  });
});

describe("who may know whom", () => {
  it("schema imports nothing of ours", () => {
    const own = imports.filter(
      ({ from, what }) => from.startsWith("schema/") && what.includes("/") && !what.startsWith("schema/"),
    );
    expect(broken(own.filter(({ what }) => files.includes(what)))).toEqual([]);
  });

  it("gateway and agent never import each other, and nobody imports the command line, the standalone mesh or the tests", () => {
    const room = (file: string) => file.split("/")[0] ?? "";
    const allowed: Record<string, string[]> = {
      schema: ["schema"],
      gateway: ["gateway", "schema"],
      "scanner-agent": ["scanner-agent", "schema"],
      standalone: ["standalone", "schema"],
      cli: ["cli", "schema", "standalone", "gateway", "scanner-agent"],
    };
    const rooms = Object.keys(allowed);
    // The lists of settings are for everybody: they are data that documents and the standalone mesh read.
    const strangers = imports.filter(
      ({ what }) => rooms.includes(room(what)) && files.includes(what) && basename(what) !== "config.ts",
    );
    const wrong = strangers.filter(({ from, what }) => !allowed[room(from)]?.includes(room(what)));
    expect(broken(wrong)).toEqual([]);
  });

  it.each(Object.keys(FLOORS))("in %s imports go down, never up or sideways", (house) => {
    const floors = FLOORS[house] ?? [];
    const place = (file: string) => {
      const floor = floors.findIndex((rooms) => rooms.some((room) => room.test(file)));
      return { floor, room: floors[floor]?.findIndex((room) => room.test(file)) };
    };
    const inHouse = product.filter((file) => file.startsWith(`${house}/`) && file.endsWith(".ts"));
    expect(
      inHouse.filter((file) => place(file).floor === -1),
      "files that have no place yet",
    ).toEqual([]);
    const wrong = imports.filter(({ from, what }) => {
      if (!inHouse.includes(from) || !inHouse.includes(what)) return false;
      const [a, b] = [place(from), place(what)];
      return b.floor > a.floor || (b.floor === a.floor && b.room !== a.room);
    });
    expect(broken(wrong)).toEqual([]);
  });

  it("imports go round nowhere", () => {
    const graph = new Map(
      product.map((file) => [
        file,
        imports.filter(({ from, what }) => from === file && product.includes(what)).map(({ what }) => what),
      ]),
    );
    const done = new Set<string>();
    const round: string[] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) round.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of product) visit(file, []);
    expect(round).toEqual([]);
  });
});

describe("one owner each", () => {
  const owners: [library: RegExp, owner: RegExp][] = [
    [/^dockerode$/, /^scanner-agent\/runners\/container/],
    [/^(pg|pg-.*)$/, /^gateway\/db\//],
    [/^kysely$/, /^(gateway\/db\/|schema\/(columns|tables[a-z-]*)\.ts$)/],
    [
      /^nats$/,
      /^(gateway\/(bus(-[a-z]+)?|sample-store)\.ts|scanner-agent\/(bus(-[a-z]+)?|verbs|pull|delivery|sample-cache)\.ts)$/,
    ],
    [/^(type-graphql|@apollo\/server|graphql-ws|graphql-sse)/, /^(gateway\/|schema\/graphql\/|cli\/)/],
    [/^fastify$/, /^gateway\//],
    [/^yaml$/, /^(scanner-agent\/engine-loader\.ts|scanner-agent\/manifest.*\.ts)$/],
  ];

  it.each(owners)("%s is imported by its owner alone", (library, owner) => {
    expect(broken(imports.filter(({ from, what }) => library.test(what) && !owner.test(from)))).toEqual([]);
  });

  it("the environment is read in config files alone", () => {
    const readers = product.filter((file) => /\bprocess\.env\b/.test(codeOf(file)));
    expect(readers.filter((file) => !/^config(-[a-z]+)?\.(ts|mjs)$/.test(basename(file)) && !file.endsWith(".mjs"))).toEqual([]);
  });

  it("subjects are written in schema/subjects.ts alone", () => {
    const literal = /["'`](\$(JS|KV|SYS)\.|(scan|sample|result|control|live)\.[a-z*>$])/;
    expect(product.filter((file) => file !== "schema/subjects.ts" && literal.test(codeOf(file)))).toEqual([]);
  });

  it("SQL is written in gateway/db and migrations alone", () => {
    const statement = /["'`]\s*(select\s[\s\S]*?\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+table)\s/i;
    expect(product.filter((file) => !/^(gateway\/db|migrations)\//.test(file) && statement.test(codeOf(file)))).toEqual([]);
  });
});

describe("contracts are documented", () => {
  it("every exported name of schema/ and of the engine contract has a docstring", () => {
    const contracts = product.filter(
      (file) => (file.startsWith("schema/") && !file.startsWith("schema/graphql/")) || file === "scanner-agent/contract.ts",
    );
    const bare = contracts.flatMap((file) => {
      const lines = textOf(file).split("\n");
      return lines.flatMap((line, i) =>
        /^export (?!\{|\*)/.test(line) && !/\*\/\s*$/.test(lines[i - 1] ?? "") ? [`${file}:${i + 1} ${line}`] : [],
      );
    });
    expect(bare).toEqual([]);
  });
});
