import type { EngineVersions } from "../../../schema/messages.js";

/** `ClamAV 1.4.6/27500/Thu Nov 19 08:21:04 2026`; only the program's version where there is no daily database. `newest` dates it then. */
export function readVersion(reply: string, newest: Date | undefined): EngineVersions {
  const [engine, signatures, date] = reply.replace(/^ClamAV /, "").split("/");
  const dated = new Date(date ?? Number.NaN);
  return {
    engine: engine ?? null,
    signatures: signatures ?? null,
    signatureDate: (Number.isNaN(dated.getTime()) ? newest : dated)?.toISOString() ?? null,
  };
}
