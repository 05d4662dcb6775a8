/**
 * Uploads a file, has it scanned and follows the scan over WebSocket.
 *
 *     node scan.mts FILE [http://127.0.0.1:8080]
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

interface Scan {
  scanId: number;
  verdict: "CLEAN" | "INCONCLUSIVE" | "SUSPICIOUS" | "INFECTED" | null;
  done: number;
  total: number;
  endDate: string | null;
  results: { engine: string; state: string; verdict: string | null; signature: string | null; error: string | null }[];
}

interface Submitted {
  submitScan: { __typename: "SubmitScanSuccess"; scan: Scan } | { __typename: string; message: string };
}

const [file = "", server = "http://127.0.0.1:8080"] = process.argv.slice(2);
const apiKey = process.env["SCANMESH_API_KEY"];

async function ask<T>(query: string, variables: object = {}): Promise<T> {
  const headers = { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  const answer = await fetch(`${server}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await answer.json()) as { data: T; errors?: { message: string }[] };
  if (errors) throw new Error(errors.map(({ message }) => message).join("\n"));
  return data;
}

/** The bytes go to an address of their own, then the scan names the upload. */
async function submit(): Promise<number> {
  const { createUpload } = await ask<{ createUpload: { id: string; url: string } }>("mutation { createUpload { id url } }");
  const sent = await fetch(createUpload.url, { method: "PUT", body: await readFile(file) });
  if (!sent.ok) throw new Error(`${sent.status}: ${await sent.text()}`);
  const { submitScan } = await ask<Submitted>(
    `mutation Submit($input: SubmitScanInput!) {
      submitScan(input: $input) {
        __typename
        ... on SubmitScanSuccess { scan { scanId } }
        ... on UserError { message }
      }
    }`,
    { input: { uploadId: createUpload.id, name: basename(file) } },
  );
  if ("message" in submitScan) throw new Error(submitScan.message);
  return submitScan.scan.scanId;
}

/** The scan as it is, then each change, until it is final. The client reconnects by itself, to any gateway of the mesh. */
async function follow(id: number): Promise<Scan> {
  const client = createClient({
    url: `${server.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: WebSocket,
    ...(apiKey && { connectionParams: { apiKey } }),
  });
  const updates = client.iterate<{ scanUpdated: Scan }>({
    query: `subscription Watch($id: SafeInt!) {
      scanUpdated(id: $id) { scanId verdict done total endDate results { engine state verdict signature error } }
    }`,
    variables: { id },
  });
  try {
    for await (const { data, errors } of updates) {
      if (!data) throw new Error(errors?.map(({ message }) => message).join("\n"));
      process.stderr.write(`${data.scanUpdated.done} of ${data.scanUpdated.total} engines\n`);
      if (data.scanUpdated.endDate !== null) return data.scanUpdated;
    }
    throw new Error("the subscription ended before the scan did");
  } finally {
    await client.dispose();
  }
}

const { results, verdict } = await follow(await submit());
for (const { engine, state, verdict: said, signature, error } of results) {
  process.stdout.write(`${engine}: ${signature ?? error ?? said ?? state}\n`);
}
process.stdout.write(`verdict: ${verdict}\n`);
process.exitCode = verdict === "INFECTED" || verdict === "SUSPICIOUS" ? 1 : 0;
