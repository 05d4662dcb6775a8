import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ERROR_STATUS } from "../../gateway/errors.js";
import { projectPath } from "../../schema/paths.js";

it("docs/use/graphql.md says what every error code means", () => {
  const text = readFileSync(projectPath("docs", "use", "graphql.md"), "utf8");
  expect(Object.keys(ERROR_STATUS).filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
