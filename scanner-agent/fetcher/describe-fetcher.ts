import { pino } from "pino";
import type { Manifest } from "../../schema/manifest.js";
import { findProgram } from "../processes/programs.js";
import { createSources, type FetchConfig } from "./sources.js";

const PACKAGES: Readonly<Record<string, string>> = { freshclam: "clamav-freshclam", sigtool: "clamav" };

/** Lines that say what this host fetches for the mesh, and what it lacks to do so; none if fetching is off. */
export async function describeFetcher(manifests: readonly Manifest[], config: FetchConfig): Promise<string[]> {
  if (!config.fetch.isOn) return [];
  const sources = createSources(manifests, config, pino({ level: "silent" }));
  const programs = new Set(sources.flatMap(({ programs: needed = [] }) => needed));
  const missing: string[] = [];
  for (const program of programs)
    if ((await findProgram(program, config.programPath)) === undefined)
      missing.push(`${program} is not installed: install the package ${PACKAGES[program] ?? program}`);
  return [
    `into ${config.fetch.folder}`,
    ...sources.map(({ engine, set, description }) => `${engine} ${set}: ${description}`),
    ...missing,
  ];
}
