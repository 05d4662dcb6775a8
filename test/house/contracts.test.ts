/** The rules of the house: what stands once, and what is written where. */

import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, files, houseOf, imports, isPage, list, product, textOf } from "./source.js";

describe("one owner each", () => {
  const owners: [library: RegExp, owner: RegExp][] = [
    [/^dockerode$/, /^scanner-agent\/(runners\/container|joiner)\//],
    [/^(pg|pg-.*)$/, /^gateway\/db\//],
    [/^kysely$/, /^(gateway\/db\/|schema\/tables\/)/],
    [/^nats$/, /^((gateway|scanner-agent)\/bus|schema\/nats)\//],
    [/^(type-graphql|@apollo\/server|graphql-ws|graphql-sse)/, /^(gateway\/|schema\/graphql\/|cli\/)/],
    [/^fastify$/, /^gateway\//],
    [/^undici$/, /^scanner-agent\/fetcher\//],
    [/^yaml$/, /^scanner-agent\/manifest\//],
  ];

  it.each(owners)("%s is imported by its owner alone", (library, owner) => {
    expect(list(imports.filter(({ from, what }) => library.test(what) && !owner.test(from)))).toEqual([]);
  });

  it("the environment is read in config files alone", () => {
    const readers = product.filter((file) => /\bprocess\.env\b/.test(codeOf(file)));
    expect(readers.filter((file) => !/^config(-[a-z]+)?\.(ts|mjs)$/.test(basename(file)) && !file.endsWith(".mjs"))).toEqual([]);
  });

  it("subjects are written in schema/subjects.ts alone", () => {
    const literal = /["'`](\$(JS|KV|SYS)\.|(scan|sample|result|control|live)\.[a-z*>$])/;
    expect(product.filter((file) => file !== "schema/subjects.ts" && literal.test(codeOf(file)))).toEqual([]);
  });

  it("an index that is built while the mesh works is one statement, in a file of its name", () => {
    const indexes = files.filter((file) => file.startsWith("migrations/indexes/"));
    const bad = indexes.filter((file) => {
      const name = /([^/]+)\.sql$/.exec(file)?.[1] ?? "";
      return !new RegExp(`^(--.*\n)*create index concurrently ${name} on [^;]*;\n$`).test(textOf(file));
    });
    expect([indexes.length > 0, bad]).toEqual([true, []]);
  });

  it("SQL is written in gateway/db and migrations alone", () => {
    const statement = /["'`]\s*(select\s[\s\S]*?\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+table)\s/i;
    expect(product.filter((file) => !/^(gateway\/db|migrations)\//.test(file) && statement.test(codeOf(file)))).toEqual([]);
  });
});

describe("contracts stand once", () => {
  /** Sentences of others, who give us nothing else to go by, and of our own older versions. */
  const exceptions: Readonly<Record<string, string>> = {
    "gateway/background/receive.ts": "agents up to 0.1 send no cause",
    "cli/multiav-report.ts": "until a translated result says with a code why it failed",
    "scanner-agent/parsers/malice-log.ts": "what plugins print is all that they tell",
    "scanner-agent/runners/builtin/rule-compiler.ts": "YARA-X tells the line of a mistake in its text alone",
    "scanner-agent/runners/container/bundle-images.ts": "Docker tells what a registry has answered in its text alone",
    "scanner-agent/runners/process/lost-mount.ts": "Bubblewrap tells its reason in its output alone",
    "standalone/packages.mjs": "freshclam tells its reason in its output alone",
  };

  const NO_PROSE =
    "message, reason and error are sentences for people and may be reworded at any time. " +
    "Give what is to be told apart a code of its own (a class, a `code`, a `cause`) and read that.";

  it("programs read no sentence that is written for people", () => {
    // Names in capitals are codes, and whether there is a text at all may be asked.
    const reading = [
      /(?<!\btypeof [\w.?]*)\b(message|reason|error)\)?\s*[!=]==?\s*["'`](?!["'`]|[A-Z_]+["'`])/,
      /\b(message|reason|error)\s*[!=]==?\s*[A-Z_]{2,}\b/,
      /(?<!["'`])(?<![A-Z_"'`])["'`]\s*[!=]==?\s*(\w+\??\.)*(message|reason|error)\b(?!\??\.)/,
      /\b(message|reason|error)\)?\??\.(startsWith|endsWith|includes|indexOf|match|matchAll|search)\(/,
      /\.(test|exec)\(\s*(reasonOf\(|(\w+\??\.)*(message|reason|error)\s*[),])/,
    ];
    const readers = product.filter((file) => reading.some((pattern) => pattern.test(codeOf(file))));
    expect(
      readers.filter((file) => !(file in exceptions)),
      `No protocol in prose: ${NO_PROSE}`,
    ).toEqual([]);
    expect(
      Object.keys(exceptions).filter((file) => !readers.includes(file)),
      "it reads no sentence any more: take it off the list",
    ).toEqual([]);
  });
});

describe("time limits", () => {
  it("and whatever else ends work have a signal for which any number may wait", () => {
    const makers = product.filter((file) => !isPage(file) && codeOf(file).includes("new AbortController("));
    expect(makers, "schema/abort-controller.ts has createAbortController").toEqual(["schema/abort-controller.ts"]);
  });

  it("are no AbortSignal.timeout in an AbortSignal.any, which Node 20 collects before it fires", () => {
    const both = files.filter((file) => ["any", "timeout"].every((name) => codeOf(file).includes(`AbortSignal.${name}(`)));
    expect(both, "schema/time-limit.ts has timeLimit").toEqual([]);
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

describe("contracts stand once", () => {
  const names = (file: string, pattern: RegExp) => [...codeOf(file).matchAll(pattern)].map(([, name = ""]) => name);
  const EXPORTED = /^export (?:abstract )?(?:async )?(?:const|function\*?|class|type|interface) (\w+)/gm;
  const DECLARED = /^(?:export )?(?:abstract )?(?:async )?(?:const|function\*?|class|type|interface) (\w+)/gm;

  it("no file outside schema/ declares a name that schema/ exports", () => {
    const owners = product
      .filter((file) => file.startsWith("schema/"))
      .flatMap((file) => names(file, EXPORTED).map((name) => [name, file] as const));
    const wrong = product
      // A page has what its operations select of a type, under the name of that type.
      .filter((file) => !file.startsWith("schema/") && !isPage(file))
      .flatMap((file) => {
        const declared = new Set(names(file, DECLARED));
        // The agent never sees the types of the GraphQL schema, so an Engine or a Sample of its own is not mistaken for them.
        const seen = owners.filter(([, owner]) => houseOf(file) !== "scanner-agent" || !owner.startsWith("schema/graphql/"));
        return seen.flatMap(([name, owner]) => (declared.has(name) ? [`${file} declares ${name}: import it from ${owner}`] : []));
      });
    expect(wrong, "import the name, or name another thing otherwise").toEqual([]);
  });
});
