import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";

const read = (...path: string[]) => readFileSync(projectPath(...path), "utf8");
const { engines, devDependencies } = JSON.parse(read("package.json")) as {
  engines: { node: string };
  devDependencies: Record<string, string>;
};
const [oldestMajor = "", oldestMinor = ""] = /^>=(\d+)\.(\d+)$/.exec(engines.node)?.slice(1) ?? [];

it("the commands refuse what package.json excludes", () => {
  expect(read("standalone", "bootstrap.mjs")).toContain(`OLDEST_NODE = [${oldestMajor}, ${oldestMinor}];`);
});

it("the types are those of the oldest version, so that nothing newer is used by mistake", () => {
  expect(devDependencies["@types/node"]).toMatch(new RegExp(`^${oldestMajor}\\.`));
});

it("both files of the images name the same version", () => {
  const version = /node:(\d+\.\d+\.\d+)-bookworm-slim/;
  expect(version.exec(read("docker-compose.yml"))?.[1]).toBe(version.exec(read("deploy", "Dockerfile"))?.[1]);
});

it("npm run up takes the version of the images where the host's is older", () => {
  const { optionalDependencies } = JSON.parse(read("standalone", "node", "package.json")) as {
    optionalDependencies: Record<string, string>;
  };
  const [, image] = /node:(\d+\.\d+\.\d+)-bookworm-slim/.exec(read("deploy", "Dockerfile")) ?? [];
  expect([...new Set(Object.values(optionalDependencies))]).toEqual([image]);
});
