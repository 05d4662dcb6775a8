/** Scans as a mesh has them after a while: each kind of end, and one that is open. */

import type { PuppetAgent } from "../../stage/puppet-agent.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { graphql } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";

/** What the agent has that plays the history: two engines that find, one that describes, and one that is broken. */
export const ENGINES = [
  engine("ClamAV", { versions: { engine: "1.4.3", signatures: "27500", signatureDate: "2020-01-02T03:04:05Z" } }),
  engine("YARA-X", { warnings: ["rules/office.yar was left out: line 12: unknown identifier"] }),
  engine("FileType", { type: "METADATA" }),
  engine("Sandbox", { speed: "SLOW", healthy: false, reason: "its self-test failed 3 times" }),
];

export interface History {
  readonly infected: number;
  readonly clean: number;
  readonly inconclusive: number;
  readonly running: number;
  /** The sample of the infected scan. */
  readonly sha256: string;
  /** The `id` of a webhook that was told of nothing. */
  readonly webhook: string;
}

/** Plays it on an agent that has ENGINES, and returns the number of each scan. */
export async function playHistory(url: string, agent: PuppetAgent): Promise<History> {
  const start = async (name: string) =>
    (await submit(url, { base64: base64(name), name, labels: [{ key: "team", value: "mail" }] })).scan.scanId;
  const infected = await start("invoice-4711.pdf.exe");
  await agent.answer("ClamAV", { scan: infected, verdict: "INFECTED", signature: "Win.Trojan.Agent-6834" });
  await agent.answer("YARA-X", { scan: infected, verdict: "INFECTED", signature: "Packed_Executable" });
  await agent.answer("FileType", { scan: infected, details: { mime: "application/vnd.microsoft.portable-executable" } });
  const clean = await start("holiday.jpg");
  for (const name of ["ClamAV", "YARA-X"]) await agent.answer(name, { scan: clean, verdict: "CLEAN" });
  await agent.answer("FileType", { scan: clean });
  const inconclusive = await start("backup.zip");
  await agent.answer("ClamAV", { scan: inconclusive, state: "FAILED", error: "clamd: Can't allocate memory" });
  await agent.answer("YARA-X", { scan: inconclusive, verdict: "CLEAN" });
  await agent.answer("FileType", { scan: inconclusive });
  const running = await start("setup-7.2.1-x64.msi");
  await agent.answer("YARA-X", { scan: running, verdict: "CLEAN" });
  const scans = [infected, clean, inconclusive];
  const ended = `{ ${scans.map((id) => `s${id}: scan(id: ${id}) { endDate sample { sha256 } }`).join(" ")} }`;
  type Ended = Record<string, { endDate: string | null; sample: { sha256: string } }>;
  const found = await until("the scans have ended", async () => {
    const { data } = await graphql<Ended>(url, ended);
    return data && Object.values(data).every(({ endDate }) => endDate !== null) ? data : undefined;
  });
  return {
    infected,
    clean,
    inconclusive,
    running,
    sha256: found[`s${infected}`]?.sample.sha256 ?? "",
    webhook: await addWebhook(url),
  };
}

async function addWebhook(url: string): Promise<string> {
  const input = { url: "https://192.0.43.8/hook", events: ["SCAN_DETECTED"] };
  const { data } = await graphql<{ createWebhook: { webhook?: { id: string } } }>(
    url,
    "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { ... on CreateWebhookSuccess { webhook { id } } } }",
    { input },
  );
  if (data?.createWebhook.webhook === undefined) throw new Error("no webhook was made");
  return data.createWebhook.webhook.id;
}
