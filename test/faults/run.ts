/** One round: load, faults, healing, and the checker's word on all of it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Random } from "../bench/random.js";
import type { FaultCase, Findings, Stage } from "./case.js";
import { availability } from "./check/answers.js";
import type { Evidence, Limits } from "./check/evidence.js";
import { countOpen, readBytes, readReports, readRows } from "./check/final-read.js";
import { check, recoveredAfter, type Invariant, type Violation } from "./check/invariants.js";
import { only, readJournal, type Entry } from "./check/journal.js";
import { countListeners } from "./check/listeners.js";
import { waitForNoOrphans } from "./check/orphans.js";
import { acceptedScans } from "./check/scans.js";
import { readTransitions } from "./check/transitions.js";
import { deleteSamples } from "./workload/delete-samples.js";
import { ACK_WAIT_MS, SWEEP_MS, type Mesh } from "./mesh/mesh.js";
import { connectAs } from "./mesh/peer.js";
import { probe, waitUntilWell } from "./well.js";
import { openJournal } from "./workload/journal-writer.js";
import { startWorkload, type Workload } from "./workload/workload.js";

const WARM_UP_MS = 3_000;
const PROBE_MS = 20_000;
const WELL_WITHIN_MS = 30_000;
/** Longer than the mesh may take, to tell a slow recovery from none. */
const GIVE_UP_MS = 120_000;
const FINAL_WITHIN_MS = 90_000;
const TOLD_WITHIN_MS = 10_000;
const ORPHANS_GONE_MS = 60_000;

export interface Round {
  readonly mesh: Mesh;
  readonly random: Random;
  /** Where journals are kept. */
  readonly folder: string;
  readonly busy: boolean;
  tell(line: string): void;
}

/** What came of it. */
export interface Row {
  readonly cases: readonly string[];
  readonly violations: readonly Violation[];
  /** Null: it did not. */
  readonly recoveredAfterS: number | null;
  /** Shares of what was asked while the faults lasted. */
  readonly answered: { readonly reads: number | null; readonly uploads: number | null };
  readonly scans: number;
  readonly gatewayMb: number;
  readonly agentMb: number;
  readonly loopP99Ms: number;
}

let rounds = 0;

export async function runRound(round: Round, cases: readonly FaultCase[]): Promise<Row> {
  const { mesh, random, folder, tell } = round;
  rounds += 1;
  const journal = openJournal(join(folder, `${rounds}-${cases.map(({ name }) => name).join("+")}.jsonl`));
  journal.write({ kind: "phase", phase: "before" });
  const honeypotBefore = honeypotLines(mesh).length;
  const workload = startWorkload(mesh, journal, random);
  const findings: Findings[] = [];
  let isWell: boolean;
  try {
    await pause(WARM_UP_MS);
    journal.write({ kind: "phase", phase: "struck" });
    const stage: Stage = { mesh, random, send: workload.send, probe: () => probe(mesh, PROBE_MS) };
    const undone = (error: unknown) => () => [`it could not be done: ${String(error)}`];
    for (const found of await Promise.all(cases.map((one) => one.run(stage).catch(undone)))) if (found) findings.push(found);
    journal.write({ kind: "phase", phase: "healed" });
    isWell = await waitUntilWell(mesh, GIVE_UP_MS, (problem) => tell(`  not well: ${problem}`));
    if (isWell) journal.write({ kind: "phase", phase: "well" });
    await workload.measureLoops();
    await workload.pause();
    const evidence = isWell
      ? await gather(round, journal.file, workload, findings, honeypotBefore)
      : { ...EMPTY, journal: readJournal(journal.file) };
    return rowOf(cases, evidence, check(evidence, limitsOf(cases, round.busy)), isWell);
  } finally {
    await workload.close();
    journal.close();
  }
}

const EMPTY = {
  rows: [],
  reports: [],
  bytes: new Map(),
  transitions: [],
  orphans: [],
  leaked: [],
  listeners: [],
  untold: [],
  findings: [],
};

async function gather(
  { mesh }: Round,
  file: string,
  workload: Workload,
  findings: readonly Findings[],
  honeypotBefore: number,
): Promise<Evidence> {
  const found: string[] = [];
  for (const find of findings) {
    try {
      found.push(...(await find()));
    } catch (error) {
      found.push(`what it did could not be looked at: ${String(error)}`);
    }
  }
  const journal = readJournal(file);
  const accepted = [...acceptedScans(journal).keys()];
  const samples = [...new Set(only(journal, "sent").map(({ sha256 }) => sha256))];
  const acknowledged = [...new Set([...acceptedScans(journal).values()].map(({ sha256 }) => sha256))];
  const { isolated, internet } = mesh.keys.creds.gateway;
  const db = new pg.Client({ connectionString: mesh.databaseUrl });
  await db.connect();
  const [system, ...accounts] = await Promise.all(
    [mesh.keys.creds.system, isolated, internet].map((creds) => connectAs(mesh, creds)),
  );
  const [inIsolated, inInternet] = accounts;
  if (system === undefined || inIsolated === undefined || inInternet === undefined) throw new Error("no connection to the bus");
  try {
    await waitFor(FINAL_WITHIN_MS, async () => (await countOpen(db, accepted)) === 0);
    await waitFor(TOLD_WITHIN_MS, async () => workload.untold().length === 0);
    const healed = only(journal, "phase").findLast(({ phase }) => phase === "healed")?.at ?? 0;
    const places = { db, accounts: { isolated: inIsolated, internet: inInternet }, spools: mesh.spools };
    const orphans = await waitForNoOrphans(places, healed + ORPHANS_GONE_MS);
    const [gateway] = mesh.gateways;
    const evidence: Evidence = {
      // Subscribers may have written more since.
      journal: readJournal(file),
      rows: await readRows(db, samples),
      reports: await readReports(gateway.url, accepted),
      bytes: await readBytes(gateway.url, acknowledged),
      transitions: await readTransitions(db, accepted),
      orphans,
      leaked: honeypotLines(mesh).slice(honeypotBefore),
      listeners: [
        ...(await countListeners(system, mesh.keys.accounts.isolated.publicKey, listenersOf(mesh))),
        ...(await countListeners(
          system,
          mesh.keys.accounts.internet.publicKey,
          new Map([[`control.agent.${mesh.internetAgent.name}`, 1]]),
        )),
      ],
      untold: workload.untold(),
      findings: found,
    };
    // The store is small: what the rounds before have left would fill it.
    await deleteSamples(gateway.url, samples);
    return evidence;
  } finally {
    await Promise.all([system, ...accounts].map((nc) => nc?.close()));
    await db.end();
  }
}

function listenersOf({ gateways, agents }: Mesh): Map<string, number> {
  return new Map([
    ["live.scan", gateways.length],
    ["live.keys", gateways.length],
    ...agents.map(({ name }) => [`control.agent.${name}`, 1] as const),
  ]);
}

function honeypotLines({ honeypotJournal }: Mesh): string[] {
  return readFileSync(honeypotJournal, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
}

async function waitFor(withinMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(200)) if (await holds()) return;
}

function limitsOf(cases: readonly FaultCase[], busy: boolean): Limits {
  const least = (shares: readonly (number | undefined)[]) => Math.min(...shares.map((share) => share ?? 0));
  return {
    ackWaitMs: ACK_WAIT_MS,
    sweepMs: SWEEP_MS,
    wellWithinMs: busy ? Infinity : WELL_WITHIN_MS,
    gatewayMb: 400,
    agentMb: 250,
    loopP99Ms: busy ? Infinity : 100,
    noticeMs: 15_000,
    readShare: least(cases.map(({ answered }) => answered?.reads)),
    uploadShare: least(cases.map(({ answered }) => answered?.uploads)),
    takesEveryUpload: cases.every(({ takesEveryUpload }) => takesEveryUpload),
    losesBytes: cases.some(({ losesBytes }) => losesBytes),
  };
}

/** What can be said of a mesh that did not recover: nothing was read of it. */
const WITHOUT_READING = new Set<Invariant>(["well again", "available", "true readiness", "bounded"]);

function rowOf(cases: readonly FaultCase[], evidence: Evidence, violations: readonly Violation[], isWell: boolean): Row {
  const { journal } = evidence;
  const most = (entries: readonly Entry[], part: string) =>
    Math.max(0, ...only(entries, "usage").flatMap((usage) => (usage.part === part ? [usage.residentMb] : [])));
  return {
    cases: cases.map(({ name }) => name),
    violations: violations.filter(({ invariant }) => isWell || WITHOUT_READING.has(invariant)),
    recoveredAfterS: recoveredAfter(evidence) ?? null,
    answered: availability(journal),
    scans: acceptedScans(journal).size,
    gatewayMb: Math.round(most(journal, "gateway")),
    agentMb: Math.round(most(journal, "agent")),
    loopP99Ms: Math.round(Math.max(0, ...only(journal, "loop").map(({ p99Ms }) => p99Ms))),
  };
}
