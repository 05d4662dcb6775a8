/** What `npm run up` prints once the mesh runs. */

import { ADD_CLAMAV } from "../schema/add-clamav.js";
import type { EnginePresence } from "../schema/presence.js";
import { textTable } from "../schema/text-table.js";
import { visibleText } from "../schema/visible-text.js";
import type { FirstResult, FirstScan } from "./first-scan.js";

const TIME_COLUMN = 4;

/** The table of the first scan's results. */
export function scanTable({ results }: FirstScan): string {
  const header = ["Engine", "State", "Verdict", "Signature", "Time"];
  const rows = results.map(({ engine, state, verdict, signature, error, durationMs }: FirstResult) => [
    engine,
    state,
    verdict ?? "-",
    signature ?? error ?? "-",
    durationMs === null ? "-" : `${durationMs.toFixed(0)} ms`,
  ]);
  return textTable([header, ...rows], [TIME_COLUMN]);
}

/** Whether the first scan shows that the mesh works. */
export function foundEicar({ verdict }: FirstScan): boolean {
  return verdict === "INFECTED";
}

/** The first scan in a line, with the reason if EICAR was not found. */
export function describeFirstScan(scan: FirstScan): string {
  const failures = scan.results
    .filter(({ state }) => state !== "DONE")
    .map(({ engine, state, error }) => `${engine} ${state}${error === null ? "" : ` (${error})`}`);
  const asked = scan.results.map(({ engine }) => engine).join(", ");
  const reason = [...failures, `no engine found it INFECTED (asked: ${asked})`].join("; ");
  return visibleText(`EICAR is ${scan.verdict}${foundEicar(scan) ? "" : `: ${reason}`}`);
}

/** A line for each engine that takes no part, with its reason and what adds it. */
export function missingEngines(engines: readonly EnginePresence[], hasClamd: boolean): string[] {
  return engines
    .filter(({ healthy }) => !healthy)
    .map(
      ({ name, reason }) =>
        `${name} takes no part: ${reason ?? "unhealthy"}.${name === "ClamAV" ? ` ${clamavAdvice(hasClamd)}` : ""}`,
    );
}

function clamavAdvice(hasClamd: boolean): string {
  return hasClamd ? "It joins by itself once its signatures are there." : `Stop the mesh and start it with: ${ADD_CLAMAV}`;
}

/** How other hosts reach the mesh. */
export interface OpenAddresses {
  readonly gateway: string;
  readonly nats: string;
  /** File of the certificate. */
  readonly certificate: string | undefined;
  /** File of the authority that browsers and clients are to be told to trust; undefined: they know it. */
  readonly authority: string | undefined;
}

/** Where the mesh is reached. */
export function addresses(url: string, home: string, open?: OpenAddresses): string {
  return textTable([
    ["Dashboard", new URL("/", url).href],
    ["GraphQL", new URL("/graphql", url).href],
    ["GraphiQL", new URL("/graphiql", url).href],
    ["REST", new URL("/api/v1/sample", url).href],
    ["Health", new URL("/readyz", url).href],
    ...(open ? [["Other hosts", `${open.gateway}, ${open.nats}`]] : []),
    ...(open?.authority === undefined ? [] : [["Authority", open.authority]]),
    ["Data", home],
  ]);
}
