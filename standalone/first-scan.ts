/** The scan that shows after each start that the mesh works: EICAR, the harmless file that antivirus programs agree to report. */

import type { EngineVerdict, ResultState, Verdict } from "../schema/states.js";
import { OperatorError } from "../schema/operator-error.js";
import { timeLimit } from "../schema/time-limit.js";

const TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** What came of it. */
export interface FirstScan {
  readonly scanId: number;
  readonly verdict: Verdict | null;
  readonly endDate: string | null;
  readonly results: readonly FirstResult[];
}

/** What one engine said. */
export interface FirstResult {
  readonly engine: string;
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly error: string | null;
  readonly durationMs: number | null;
}

/** What it is called in the list of scans, so that nobody takes it for a file of theirs. */
const SELF_TEST = "Self-test at start (EICAR test file)";
const REPORT = "scanId verdict endDate results { engine state verdict signature error durationMs }";
const ENGINES = "query Engines { engines { name available } }";
const SUBMIT = `mutation Submit($base64: String!, $engines: [String!]) {
  submitScan(input: { base64: $base64, name: "${SELF_TEST}", engines: $engines }) {
    ... on SubmitScanSuccess { scan { ${REPORT} } }
    ... on UserError { message }
  }
}`;
const SCAN = `query Scan($id: SafeInt!) { scan(id: $id) { ${REPORT} } }`;

/** The test file's text; in parts, so that no antivirus program reports this one. */
export function eicar(): string {
  return ["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"].join("");
}

/** Scans EICAR with the engines named, once the gateway knows them. Throws {@link OperatorError} if that takes too long. */
export async function firstScan(url: string, engines: readonly string[], signal: AbortSignal): Promise<FirstScan> {
  const limit = timeLimit(TIMEOUT_MS, signal);
  const deadline = limit.signal;
  const ask = <T>(query: string, variables: Record<string, unknown> = {}) => request<T>(url, query, variables, deadline);
  try {
    await poll(deadline, async () => {
      const { engines: known } = await ask<{ engines: { name: string; available: boolean }[] }>(ENGINES);
      const ready = await fetch(new URL("/readyz", url), { signal: deadline });
      const { status, reason } = (await ready.json()) as { status: string; reason?: string };
      if (reason !== undefined) throw new OperatorError(reason);
      if (status !== "ok") return undefined;
      return engines.every((name) => known.some((engine) => engine.name === name && engine.available)) || undefined;
    });
    const { submitScan } = await ask<{ submitScan: { scan: FirstScan } | { message: string } }>(SUBMIT, {
      base64: Buffer.from(eicar()).toString("base64"),
      engines,
    });
    if ("message" in submitScan) throw new OperatorError(`The mesh refused the first scan: ${submitScan.message}.`);
    const { scanId: id } = submitScan.scan;
    return await poll(deadline, async () => {
      const { scan } = await ask<{ scan: FirstScan | null }>(SCAN, { id });
      return scan?.endDate ? scan : undefined;
    });
  } catch (error) {
    if (!limit.isOver()) throw error;
    throw new OperatorError(`The first scan did not finish within ${TIMEOUT_MS / 1000} s.`);
  } finally {
    limit.clear();
  }
}

async function poll<T>(signal: AbortSignal, attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const found = await attempt();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function request<T>(url: string, query: string, variables: Record<string, unknown>, signal: AbortSignal): Promise<T> {
  const response = await fetch(new URL("/graphql", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
    signal,
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] };
  if (data && !errors) return data;
  throw new OperatorError(
    `The gateway gave an unexpected answer: ${errors?.map(({ message }) => message).join(", ") ?? response.status}.`,
  );
}
