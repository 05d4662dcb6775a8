import type { Client } from "urql";
import { address } from "../../api/address.ts";
import { hashFile } from "../../api/hash.ts";
import { OpenRulesetUpload, SendRuleset } from "../../generated/rulesets.ts";

/** A file of a new version. */
export interface NewFile {
  readonly path: string;
  readonly file: Blob;
}

/** A file with what is in it. */
export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

/** What a new version begins with. */
export interface Draft {
  readonly name: string;
  readonly texts: readonly RuleFile[];
}

/** A request may have no more than 256 KiB, with all that JSON adds to a text. */
const LARGEST_REQUEST = 100 * 1024;

/** Sends a version. Returns its number; throws an error with the gateway's own sentence. */
export async function sendRuleset(
  client: Client,
  place: { readonly name: string; readonly comment: string },
  files: readonly NewFile[],
  signal: AbortSignal,
): Promise<number> {
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  if (size > LARGEST_REQUEST || !(await areTexts(files))) return sendByUrl(client, place, files, signal);
  const texts = await Promise.all(files.map(async ({ path, file }) => ({ path, text: await file.text() })));
  const { data, error } = await client.mutation(SendRuleset, { input: { ...place, files: texts } }).toPromise();
  if (error || !data) throw error ?? new Error("The gateway gave no answer.");
  if ("message" in data.createRuleset) throw new Error(data.createRuleset.message);
  return data.createRuleset.version.number;
}

/** Bytes that are no text are sent as they are, so that the check can say what they are. */
async function areTexts(files: readonly NewFile[]): Promise<boolean> {
  try {
    for (const { file } of files) new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function sendByUrl(
  client: Client,
  place: { readonly name: string; readonly comment: string },
  files: readonly NewFile[],
  signal: AbortSignal,
): Promise<number> {
  const { data, error } = await client.mutation(OpenRulesetUpload, { input: place }).toPromise();
  if (error || !data) throw error ?? new Error("The gateway gave no answer.");
  if ("message" in data.createRulesetUpload) throw new Error(data.createRulesetUpload.message);
  const to = address(`bundles/${new URL(data.createRulesetUpload.url).pathname.split("/").at(-1)}`);
  const sent: { path: string; size: number; sha256: string }[] = [];
  for (const { path, file } of files) {
    const sha256 = await hashFile(file, signal, () => undefined);
    await ask(`${to}/${sha256}`, { method: "PUT", body: file, signal });
    sent.push({ path, size: file.size, sha256 });
  }
  const headers = { "content-type": "application/json" };
  const made = await ask(to, { method: "POST", headers, body: JSON.stringify({ files: sent }), signal });
  return ((await made.json()) as { sequence: number }).sequence;
}

async function ask(to: string, init: RequestInit): Promise<Response> {
  const response = await fetch(to, init);
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(error ?? `The gateway answered ${response.status}.`);
}
