/** Documents name nothing that is not there, and are laid out to be read in an editor too. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { createMetrics, registerGauges } from "../gateway/metrics.js";
import { ContainerLimits, ContainerRun, Recycle, Relax } from "../schema/container-run.js";
import { BuiltinRun, Manifest } from "../schema/manifest.js";
import { ProcessLimits, ProcessRun } from "../schema/process-run.js";
import { projectPath } from "../schema/paths.js";
import { CHANGES } from "./house/changes.js";
import { files, product, textOf } from "./house/source.js";

const PROSE = 140;
const CODE_OR_TABLE = 250;

const documents = markdownFiles();

/** A path in backticks: it begins with a folder or a file of the project. A name with a placeholder or a pattern is none. */
const ROOT = /^(schema|migrations|gateway|scanner-agent|standalone|cli|deploy|examples|test|docs|\.ci)\//;

function markdownFiles(folder = ""): string[] {
  return readdirSync(projectPath(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|dist|\.git|\.scanmesh)$/.test(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** The lines outside of code blocks. */
function proseOf(document: string): string[] {
  let inCode = false;
  return textOf(document)
    .split("\n")
    .filter((line) => {
      const isFence = /^\s*```/.test(line);
      if (isFence) inCode = !inCode;
      return !isFence && !inCode;
    });
}

/** The names by which GitHub links to the headings of a document. */
function anchorsOf(document: string): Set<string> {
  const headings = proseOf(document).filter((line) => /^#+ /.test(line));
  return new Set(
    headings.map((line) =>
      line
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

/** Folders that are not there before the first build. */
const BUILT = new Set(
  readFileSync(projectPath(".gitignore"), "utf8")
    .split("\n")
    .filter((line) => line.endsWith("/"))
    .map((line) => line.slice(0, -1)),
);

describe.each(documents)("%s", (document) => {
  it("names no path of the project that is not there", () => {
    const named = proseOf(document).flatMap((line) => [...line.matchAll(/`([^`\s]+)`/g)].map(([, path = ""]) => path));
    const paths = named.filter((path) => ROOT.test(path) && !/[<*…{]|NNNN/.test(path));
    expect(paths.filter((path) => !existsSync(projectPath(path)) && !BUILT.has(path.replace(/\/$/, "")))).toEqual([]);
  });

  it("links to nothing that is not there", () => {
    const links = proseOf(document).flatMap((line) => [...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link));
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document : normalize(join(dirname(document), path));
      if (!existsSync(projectPath(target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it(`has no line of more than ${PROSE} characters, or ${CODE_OR_TABLE} in code and tables`, () => {
    const prose = new Set(proseOf(document));
    const long = textOf(document)
      .split("\n")
      .filter((line) => line.length > (prose.has(line) && !line.startsWith("|") ? PROSE : CODE_OR_TABLE));
    expect(long).toEqual([]);
  });
});

it("the source and what is copied from it name no document that is not there", () => {
  const named = [...files, ".env.example", "docker-compose.yml"].flatMap((file) =>
    [...textOf(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => path),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((path) => !existsSync(projectPath(path)))).toEqual([]);
});

it("docs/README.md and the index of decisions list every page", () => {
  const missing = documents.filter((page) => {
    if (!page.startsWith("docs/") || page.endsWith("README.md")) return false;
    const index = page.startsWith("docs/decisions/") ? "docs/decisions" : "docs";
    return !textOf(`${index}/README.md`).includes(`](${page.slice(index.length + 1)})`);
  });
  expect(missing).toEqual([]);
});

it("ARCHITECTURE.md names every room", () => {
  const page = textOf("ARCHITECTURE.md");
  const rooms = new Set(
    product.map((file) => dirname(file)).filter((folder) => /^(gateway|scanner-agent|schema)\//.test(folder)),
  );
  const isNamed = (folder: string) => {
    const [house = "", room = "", inner] = folder.split("/");
    return page.includes(`\`${house}/${room}/\``) && (inner === undefined || page.includes(`\`${inner}/\``));
  };
  expect([...rooms].filter((folder) => !isNamed(folder))).toEqual([]);
});

it("README.md has 150 lines at most and begins with the two commands", () => {
  const lines = textOf("README.md").split("\n");
  expect(lines.length).toBeLessThanOrEqual(150);
  const commands = lines.filter((line) => line.startsWith("npm ")).map((line) => line.replace(/\s*#.*/, ""));
  expect(commands.slice(0, 2)).toEqual(["npm run up", "npm test"]);
});

describe("docs/run/engines.md", () => {
  const page = textOf("docs/run/engines.md");
  const relax = Relax.options.flatMap((option) => Object.keys(option.shape)).filter((key) => key !== "why");

  it.each([
    ["a manifest", Object.keys(Manifest.shape)],
    ["run.builtin", Object.keys(BuiltinRun.shape)],
    ["run.process", Object.keys(ProcessRun.shape)],
    ["run.container", Object.keys(ContainerRun.shape)],
    ["limits", Object.keys({ ...ContainerLimits.shape, ...ProcessLimits.shape })],
    ["recycle", Object.keys(Recycle.shape)],
    ["relax", [...new Set(relax)]],
  ])("explains every key of %s", (_, keys) => {
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !new RegExp(`^\\| \`${key}(: true)?\` \\|`, "m").test(page))).toEqual([]);
  });
});

it("docs/run/metrics.md has a row for every metric, with its labels", () => {
  const metrics = createMetrics();
  registerGauges(metrics, {
    busConnected: () => true,
    takesWrites: {},
    scanSubscribers: () => 0,
    agents: () => [],
    updates: async () => [],
  });
  const ours = metrics.registry.getMetricsAsArray().filter(({ name }) => name.startsWith("scanmesh_"));
  const declared = ours.map((metric) => {
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] };
    return `${metric.name} ${labelNames.join(" ")}`;
  });
  const rows = textOf("docs/run/metrics.md").matchAll(/^\| `(scanmesh_\w+)` \| ([^|]*)\|/gm);
  const explained = [...rows].map(([, name, labels = ""]) => `${name} ${labels.replaceAll(/[`,]/g, "").trim()}`);
  expect(explained.toSorted()).toEqual(declared.toSorted());
});

it("docs/run/metrics.md names no metric that is not there", () => {
  const known = textOf("gateway/metrics.ts");
  const named = [...textOf("docs/run/metrics.md").matchAll(/\bscanmesh_\w+/g)].map(([name]) => name);
  expect(named.filter((name) => !known.includes(`"${name}"`))).toEqual([]);
});

describe("CONTRIBUTING.md leads to every file of a change", () => {
  it.each(Object.entries(CHANGES))("%s", (change, touched) => {
    const guide = proseOf("CONTRIBUTING.md").join("\n");
    const [, section = ""] = new RegExp(`^## ${change}\\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, "m").exec(guide) ?? [];
    const [general = ""] = guide.split(/^## /m);
    const missing = touched.filter((path) => !section.includes(`\`${path}\``) && !general.includes(`\`${path}\``));
    expect(missing, `name them under "${change}"`).toEqual([]);
    expect(touched.filter((path) => !existsSync(projectPath(path)))).toEqual([]);
  });
});
