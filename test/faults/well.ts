/** Whether the mesh is well: it says so, and it scans. */

import { setTimeout as pause } from "node:timers/promises";
import type { Gateway, Mesh } from "./mesh/mesh.js";
import { ask, query, readiness, upload } from "./workload/client.js";
import { sampleOf, type Sample } from "./workload/samples.js";

const LOOK_EVERY_MS = 250;
/** For one attempt, since the next may find the mesh well. */
const ATTEMPT_MS = 5_000;

const RESULTS = "query ($id: SafeInt!) { scan(id: $id) { results { engine state error } } }";
interface Results {
  readonly scan: {
    readonly results: readonly { readonly engine: string; readonly state: string; readonly error: string | null }[];
  };
}

/** What is wrong with the scan of a sample, or undefined if it ended within the time with the verdict that is right. */
async function problemOf(gateway: Gateway, sample: Sample, withinMs: number): Promise<string | undefined> {
  const wanted = sample.infected ? "infected" : "clean";
  const start = Date.now();
  const { scan, status } = await upload(gateway.url, sample, withinMs);
  if (scan === null) return `${gateway.name} answered the upload of a sample that is ${wanted} with ${status ?? "nothing"}`;
  for (;;) {
    const report = await ask(`${gateway.url}/api/v1/sample/${scan}`, {}, withinMs);
    if (report.status === 200) {
      const { verdict, end_date } = JSON.parse(report.body) as { verdict: string | null; end_date: string | null };
      const late = Date.now() - start > withinMs;
      if (end_date !== null || late)
        return verdict === wanted && end_date !== null ? undefined : await describe(gateway, scan, wanted, verdict);
    } else if (Date.now() - start > withinMs) return `${gateway.name} does not report scan ${scan}`;
    await pause(50);
  }
}

async function describe(gateway: Gateway, scan: number, wanted: string, verdict: string | null): Promise<string> {
  const { scan: found } = await query<Results>(gateway.url, RESULTS, { id: scan });
  const results = found.results.map(({ engine, state, error }) => [engine, state, error].filter(Boolean).join(" "));
  return `scan ${scan} is ${verdict ?? "open"} and should be ${wanted} (${results.join("; ")})`;
}

/** Scans a clean and an infected sample, with the internet class, through every gateway. */
export async function probe(mesh: Mesh, withinMs: number): Promise<string[]> {
  const problems = await Promise.all(
    mesh.gateways.flatMap((gateway) =>
      [false, true].map((infected) => problemOf(gateway, sampleOf({ infected, internet: true }), withinMs)),
    ),
  );
  return problems.filter((problem) => problem !== undefined);
}

const AGENTS = "{ agents { agent } }";
interface Agents {
  readonly agents: readonly { readonly agent: string }[];
}

/** Agents that are there, and that a gateway does not see. */
async function unseenAgents(mesh: Mesh): Promise<string[]> {
  const names = [...mesh.agents, mesh.internetAgent].map(({ name }) => name);
  const problems = await Promise.all(
    mesh.gateways.map(async ({ name: gateway, url }) => {
      const { agents } = await query<Agents>(url, AGENTS);
      const online = new Set(agents.map(({ agent }) => agent));
      return names.filter((name) => !online.has(name)).map((name) => `${gateway} does not see ${name}`);
    }),
  );
  return problems.flat();
}

/** Waits until every gateway says that it is well, sees all agents and scans. False if that takes longer than `patienceMs`. */
export async function waitUntilWell(mesh: Mesh, patienceMs: number, tell: (problem: string) => void): Promise<boolean> {
  let problem = "";
  for (const until = Date.now() + patienceMs; Date.now() < until; await pause(LOOK_EVERY_MS)) {
    const says = await Promise.all(mesh.gateways.map(({ url }) => readiness(url)));
    if (says.some((word) => word !== "ok")) {
      problem = `the gateways say ${says.map((word) => word || "nothing").join(" and ")}`;
      continue;
    }
    const problems = await Promise.all([unseenAgents(mesh), probe(mesh, ATTEMPT_MS)]).then(
      (found) => found.flat(),
      (error: unknown) => [String(error)],
    );
    if (problems.length === 0) return true;
    problem = problems[0] ?? "";
  }
  tell(problem);
  return false;
}
