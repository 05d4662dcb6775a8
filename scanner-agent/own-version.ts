import { readFileSync } from "node:fs";
import { z } from "zod";
import { projectPath } from "../schema/paths.js";

/** The agent's version: that of the project. */
export function ownVersion(): string {
  const text = readFileSync(projectPath("package.json"), "utf8");
  return z.object({ version: z.string().max(50) }).parse(JSON.parse(text)).version;
}
