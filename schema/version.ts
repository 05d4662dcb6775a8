import { readFileSync } from "node:fs";
import { z } from "zod";
import { projectPath } from "./paths.js";

/** The product's version, from its package.json, e.g. `0.1.0`. */
export function ownVersion(): string {
  const text = readFileSync(projectPath("package.json"), "utf8");
  return z.object({ version: z.string().max(50) }).parse(JSON.parse(text)).version;
}
