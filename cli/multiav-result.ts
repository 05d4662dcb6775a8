/** What MultiAV2 stored of one engine in one report, as a result of a scan that is over. */

import type { ImportedResult } from "../gateway/db/import-target.js";
import type { SourceResult } from "../gateway/db/import-source.js";
import { NEVER_FINISHED } from "../gateway/db/import-unfinished.js";
import type { Outcome } from "../scanner-agent/contract.js";
import { readStoredReport, UNREADABLE } from "../scanner-agent/parsers/malice-stored.js";
import { fitResult } from "../scanner-agent/work/result.js";
import type { PluginType } from "../schema/classes.js";

export { UNREADABLE };
export type TranslatedResult = Omit<ImportedResult, "engineId">;

const NO_VERSIONS = { engine: null, signatures: null, signatureDate: null };

/** Parses the plugin's stored report as if the engine had answered with it now. */
export function translateResult({ queued, scanning, result }: SourceResult, type: PluginType): TranslatedResult {
  const said = readStoredReport(storableJson(result ?? ""), type);
  const isOpen = queued === true || scanning === true;
  // A detection counts even if the plugin has not finished.
  const outcome = isOpen && said?.verdict !== "INFECTED" ? undefined : said;
  return asResult(outcome ?? { state: "FAILED", verdict: null, signature: null, error: NEVER_FINISHED, details: null });
}

/** Bounded and storable as the result of an agent is. */
function asResult({ state, verdict, signature, error, cause, details, versions = NO_VERSIONS }: Outcome): TranslatedResult {
  const kept = details === null || Object.keys(details).length === 0 ? null : details;
  const about = { v: 1, scan: 1, agent: "import", image: null, startedAt: null, durationMs: null, truncated: false } as const;
  const fitted = fitResult({ ...about, state, verdict, signature, error, details: kept, versions });
  return {
    state,
    verdict,
    signature: fitted.signature,
    error: fitted.error,
    cause: cause ?? null,
    engineVersion: fitted.versions.engine,
    signatureVersion: fitted.versions.signatures,
    signatureDate: fitted.versions.signatureDate,
    details: fitted.details,
    truncated: fitted.truncated,
  };
}

/** NUL, which Postgres does not take, is made visible; an escaped backslash before `u0000` is none. */
function storableJson(text: string): string {
  return storable(text).replaceAll(/\\(?:u0000|.)/gs, (escape) => (escape === "\\u0000" ? "\\ufffd" : escape));
}

/** Text that Postgres takes: valid Unicode without NUL. */
export function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll("\0", "\ufffd");
}
