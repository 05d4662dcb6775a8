/** Submissions over GraphQL, as the tests of their options need them. */

import { createHash } from "node:crypto";
import type { Stage } from "../../stage/stage.js";
import { data } from "../http/http-client.js";

export const base64 = (text: string) => Buffer.from(text).toString("base64");
export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const SCAN = `scanId name priority stopAfter labels { key value } previous { scanId } batch { batchId } total done detections
  verdict endDate revision skipped { engine reason } results { engine agent state verdict signature reusedFrom startedAt endedAt durationMs details }`;

const SUBMIT = `mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) {
    __typename
    ... on SubmitScanSuccess { replayed scan { ${SCAN} } }
    ... on UserError { message code path }
  }
}`;

const SUBMIT_ALL = `mutation SubmitAll($input: SubmitScansInput!) {
  submitScans(input: $input) {
    __typename
    ... on SubmitScansSuccess { replayed batch { batchId total scans(first: 100) { nodes { ${SCAN} } } } }
    ... on UserError { message code path }
    ... on SamplesRefused { errors { __typename message code path } }
  }
}`;

export interface ShownScan {
  readonly scanId: number;
  readonly verdict: string | null;
  readonly endDate: string | null;
  readonly results: {
    engine: string;
    state: string;
    verdict: string | null;
    reusedFrom: number | null;
    [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly path: string[];
}

export interface Submitted extends Refusal {
  readonly __typename: string;
  readonly replayed: boolean;
  readonly scan: ShownScan;
}

export interface SubmittedAll extends Refusal {
  readonly __typename: string;
  readonly replayed: boolean;
  readonly batch: { batchId: number; total: number; scans: { nodes: ShownScan[] } };
  readonly errors: (Refusal & { __typename: string })[];
}

export async function submit(url: string, input: object): Promise<Submitted> {
  return (await data<{ submitScan: Submitted }>(url, SUBMIT, { input })).submitScan;
}

export async function submitAll(url: string, input: object): Promise<SubmittedAll> {
  return (await data<{ submitScans: SubmittedAll }>(url, SUBMIT_ALL, { input })).submitScans;
}

export async function shown(url: string, id: number): Promise<ShownScan> {
  const { scan } = await data<{ scan: ShownScan }>(url, `query Scan($id: SafeInt!) { scan(id: $id) { ${SCAN} } }`, { id });
  return scan;
}

export async function countOf(stage: Stage, table: "scans" | "samples" | "batches" | "outbox" | "results"): Promise<number> {
  const { count } = await stage.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}
