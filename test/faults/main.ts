/** `npm run faults`: breaks a mesh in every way that it must survive, and shows whether it did. */

import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { randomOf } from "../bench/random.js";
import type { FaultCase } from "./case.js";
import { CASES } from "./cases.js";
import { recordTransitions } from "./check/transitions.js";
import { startMesh, type Mesh } from "./mesh/mesh.js";
import { canMount } from "./mesh/small-disk.js";
import { readOptions, USAGE, UsageError, type Options } from "./options.js";
import { runRound, type Row } from "./run.js";
import { subsets } from "./subsets.js";
import { resultOf, tableOf } from "./table.js";
import { waitUntilWell } from "./well.js";

const START_WITHIN_MS = 60_000;
const QUIET_MS = { least: 2_000, most: 10_000 };
const SHOWN_VIOLATIONS = 8;

/** The run cannot take place here; the message says why. */
class Impossible extends Error {
  override readonly name = "Impossible";
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function start(cases: readonly FaultCase[], folder: string): Promise<Mesh> {
  const mesh = await startMesh(
    cases.flatMap(({ disks = [] }) => disks),
    (what) => void writeFile(join(folder, "restarts.log"), `${new Date().toISOString()} ${what}\n`, { flag: "a" }),
  );
  try {
    const db = new pg.Client({ connectionString: mesh.databaseUrl });
    await db.connect();
    await recordTransitions(db);
    await db.end();
    let problem = "";
    if (!(await waitUntilWell(mesh, START_WITHIN_MS, (why) => (problem = why))))
      throw new Impossible(`The mesh does not work before anything is done to it: ${problem}.`);
    return mesh;
  } catch (error) {
    await mesh.stop();
    throw error;
  }
}

/** The cases that this machine can run. */
function runnable({ cases }: Options): readonly FaultCase[] {
  if (canMount()) return cases.length > 0 ? cases : CASES;
  const first = cases.find(({ disks }) => disks);
  if (first !== undefined)
    throw new Impossible(
      `The case ${first.name} fills a small file system, which only root can mount: run it as root, or leave it out.`,
    );
  if (cases.length > 0) return cases;
  say(
    `Only root can mount small file systems; left out: ${CASES.filter(({ disks }) => disks)
      .map(({ name }) => name)
      .join(", ")}.`,
  );
  return CASES.filter(({ disks }) => !disks);
}

async function run(options: Options): Promise<boolean> {
  const cases = runnable(options);
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-faults-kept-"));
  const random = randomOf(options.seed);
  const rows: Row[] = [];
  let ending = false;
  // Whatever is mounted must go with the mesh, so a signal ends nothing in the middle.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      say("Ending after this case; the same signal again ends at once.");
      ending = true;
    });
  const until = options.minutes === undefined ? Infinity : Date.now() + options.minutes * 60_000;
  const rounds = options.minutes === undefined ? cases.map((one) => [one]) : subsets(cases, random);
  let mesh: Mesh | undefined;
  try {
    for (const faults of rounds) {
      if (ending || Date.now() >= until) break;
      mesh ??= await start(cases, folder);
      const name = faults.map((fault) => fault.name).join(" + ");
      const started = Date.now();
      const row = await runRound({ mesh, random, folder, busy: options.busy, tell: say }, faults);
      rows.push(row);
      const isWhole = row.violations.length === 0;
      say(
        `${isWhole ? "✓" : "✗"} ${name.padEnd(28)} ${((Date.now() - started) / 1_000).toFixed(0).padStart(4)} s  ${resultOf(row)}`,
      );
      for (const { invariant, what } of row.violations.slice(0, SHOWN_VIOLATIONS)) say(`    ${invariant}: ${what}`);
      if (row.violations.length > SHOWN_VIOLATIONS) say(`    and ${row.violations.length - SHOWN_VIOLATIONS} more`);
      if (!isWhole)
        await cp(join(mesh.folder, "logs"), join(folder, `logs-${rows.length}-${faults[0]?.name}`), { recursive: true });
      // The next case shall not suffer from this one.
      if (row.recoveredAfterS === null) {
        await mesh.stop();
        mesh = undefined;
      }
      if (options.minutes !== undefined) await pause(QUIET_MS.least + random.unit() * (QUIET_MS.most - QUIET_MS.least));
    }
  } finally {
    await mesh?.stop();
  }
  const whole = rows.length > 0 && rows.every(({ violations }) => violations.length === 0);
  say(`\n${tableOf(rows)}\n`);
  const { seed, minutes, busy } = options;
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify({ v: 1, seed, minutes: minutes ?? null, busy, whole, rows }, null, 2)}\n`);
  if (whole) await rm(folder, { recursive: true });
  else say(`Journals and logs are in ${folder}.`);
  return whole;
}

function list(): void {
  for (const { name, about, disks } of CASES) say(`${name.padEnd(26)}  ${about}${disks ? " Needs root." : ""}`);
}

try {
  const options = readOptions(process.argv.slice(2), CASES);
  if (options === undefined) say(USAGE);
  else if (options.list) list();
  else if (!(await run(options))) process.exitCode = 1;
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exitCode = 2;
  } else if (error instanceof Impossible) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
}
