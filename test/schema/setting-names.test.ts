import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SETTING_NAMES } from "../../schema/generated/setting-names.js";
import { projectPath } from "../../schema/paths.js";

/** What people read and copy. */
const FILES = ["README.md", "ARCHITECTURE.md", ".env.example", "docker-compose.yml"];
const FOLDERS = ["docs", "deploy", "examples"];

it("documents, compose and the files to copy name no setting that is not there", () => {
  const within = FOLDERS.flatMap((folder) =>
    readdirSync(projectPath(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`),
  );
  const texts = [...FILES.map((file) => projectPath(file)), ...within].map((path) => readFileSync(path, "utf8"));
  const named = texts.flatMap((text) => [...text.matchAll(/\bSCANMESH_[A-Z0-9_]*[A-Z0-9]\b/g)].map(String));
  expect(named.length).toBeGreaterThan(100);
  expect([...new Set(named)].filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
});
