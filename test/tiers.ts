/**
 * The two tiers of tests: a mesh test needs the build or programs beside this process, such as Postgres or Docker; a unit test
 * needs neither.
 */

import { files, importsOf } from "./house/source.js";

/** What starts another program or speaks to one, and what is built. */
const BESIDE =
  /^(dist\/.*|node:child_process|dockerode|nats|pg|playwright-core|standalone\/(nats|postgres)\.ts|scanner-agent\/(inspect\/inspector|runners\/clamd\/clamd|rulesets\/(check-ruleset|try-samples)|fetcher\/(freshclam|cvd))\.ts)$/;

const ours = new Set(files.filter((file) => file.startsWith("test/")));

/** Whether a test, or what it imports from test/, reaches for one of them. */
function isMesh(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const found = importsOf(file).map(({ what }) => what);
  return found.some((what) => BESIDE.test(what)) || found.some((what) => ours.has(what) && isMesh(what, seen));
}

const tests = [...ours].filter((file) => file.endsWith(".test.ts"));

export const meshTests = tests.filter((file) => isMesh(file));
export const unitTests = tests.filter((file) => !meshTests.includes(file));
