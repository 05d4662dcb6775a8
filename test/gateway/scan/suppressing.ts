/** Suppressing over GraphQL, as its tests need it. */

import { readScan } from "../../../gateway/db/scans.js";
import type { ResultRecord, ScanReport } from "../../../schema/reports.js";
import type { Stage } from "../../stage/stage.js";
import { until } from "../../stage/stage.js";
import { data } from "../http/http-client.js";

const FIELDS = "id engine signature reason createdAt expiresAt endedAt";
const ERRORS = "... on UserError { code message path }";

interface Shown {
  readonly id: string;
  readonly endedAt: string | null;
  readonly [field: string]: unknown;
}

/** The suppressed signature, or the error. */
interface Answer {
  readonly __typename: string;
  readonly suppression: Shown;
  readonly code?: string;
  readonly message?: string;
  readonly path?: string[];
}

export async function suppress(url: string, input: object): Promise<Answer> {
  const query = `mutation ($signature: String!, $reason: String!, $engine: String, $expiresAt: DateTimeISO) {
    suppressSignature(signature: $signature, reason: $reason, engine: $engine, expiresAt: $expiresAt) {
      __typename ... on SuppressSignatureSuccess { suppression { ${FIELDS} } } ${ERRORS} } }`;
  return (await data<{ suppressSignature: Answer }>(url, query, { reason: "a false positive", ...input })).suppressSignature;
}

export async function lift(url: string, id: string): Promise<Answer> {
  const query = `mutation ($id: ID!) { liftSuppression(id: $id) { __typename ... on LiftSuppressionSuccess { suppression { ${FIELDS} } } ${ERRORS} } }`;
  return (await data<{ liftSuppression: Answer }>(url, query, { id })).liftSuppression;
}

export async function listed(url: string, ended = false): Promise<readonly Shown[]> {
  const query = `query ($ended: Boolean!) { suppressions(first: 100, ended: $ended) { nodes { ${FIELDS} } } }`;
  return (await data<{ suppressions: { nodes: Shown[] } }>(url, query, { ended })).suppressions.nodes;
}

export async function finalScan({ db }: Stage, scanId: unknown): Promise<ScanReport> {
  return until("the scan is final", async () => {
    const report = await readScan(db, Number(scanId));
    return report?.endDate ? report : undefined;
  });
}

export function ofEngine({ results }: ScanReport, engine: string): ResultRecord | undefined {
  return results.find((result) => result.engine === engine);
}
