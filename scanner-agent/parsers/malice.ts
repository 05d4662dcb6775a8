import { notDone, type Outcome, type RawOutput } from "../contract.js";
import { lastLine } from "./last-line.js";
import { AvReport, readAv } from "./malice-av.js";
import { readFileReport } from "./malice-file.js";
import { readLookup } from "./malice-lookup.js";
import { readFailure, readOutput, type Json, type MaliceOutput } from "./malice-output.js";

/**
 * Reads what any plugin of the malice family prints, by its shape. Only antivirus plugins, and Yara rules that have one, state
 * a verdict. No object, a fatal line or an exit status is never a result, except that a detection always is one.
 */
export function parseMalice(raw: RawOutput): Outcome {
  const output = readOutput(raw);
  const obstacle = findFailure(raw, output);
  const av = output.object && avReport(output.object);
  if (av !== undefined) return readAv(av, obstacle ?? readLoggedError(output));
  if (obstacle !== undefined) return obstacle;
  const { object = {} } = output;
  return (
    readFileReport(object) ??
    readLookup(object) ??
    notDone("FAILED", "UNPARSABLE_OUTPUT", `its output has another shape: ${JSON.stringify(object).slice(0, 200)}`)
  );
}

/** The one key of an antivirus plugin is its name. */
function avReport(object: Json): AvReport | undefined {
  const [report, ...others] = Object.values(object);
  return others.length === 0 ? AvReport.safeParse(report).data : undefined;
}

/** Why the output is no result. */
function findFailure(raw: RawOutput, { object, fatal }: MaliceOutput): Outcome | undefined {
  if (fatal !== undefined) return readFailure(fatal);
  if (raw.exitCode !== 0) return readFailure(`exit status ${raw.exitCode}: ${lastLine(raw)}`);
  return object === undefined ? readFailure(`it printed no complete JSON object: ${lastLine(raw)}`) : undefined;
}

/** A logged error does not invalidate a description of the file; but nothing that logs one proves a file clean. */
function readLoggedError({ error }: MaliceOutput): Outcome | undefined {
  return error === undefined ? undefined : readFailure(error);
}
