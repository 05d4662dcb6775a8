import { notDone, type Outcome, type RawOutput } from "../contract.js";
import { lastLine } from "./last-line.js";
import { AvReport, readAv } from "./malice-av.js";
import { gaveUp } from "./malice-failure.js";
import { readFileReport } from "./malice-file.js";
import { readLookup } from "./malice-lookup.js";
import { readOutput, type Json, type MaliceOutput } from "./malice-output.js";

/**
 * Reads what any plugin of the malice family prints, by its shape. Only antivirus plugins, and Yara rules that have one, state
 * a verdict. No object, a fatal line or an exit status is never a result, except that a detection always is one.
 */
export function parseMalice(raw: RawOutput): Outcome {
  const output = readOutput(raw);
  const obstacle = obstacleOf(raw, output);
  const av = output.object && avReport(output.object);
  if (av !== undefined) return readAv(av, obstacle ?? logged(output));
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

/** What keeps the output from being a result. */
function obstacleOf(raw: RawOutput, { object, fatal }: MaliceOutput): Outcome | undefined {
  if (fatal !== undefined) return gaveUp(fatal);
  if (raw.exitCode !== 0) return gaveUp(`exit status ${raw.exitCode}: ${lastLine(raw)}`);
  return object === undefined ? gaveUp(`it printed no complete JSON object: ${lastLine(raw)}`) : undefined;
}

/** An error that is only logged leaves a description standing, and a proof of being clean not. */
function logged({ error }: MaliceOutput): Outcome | undefined {
  return error === undefined ? undefined : gaveUp(error);
}
