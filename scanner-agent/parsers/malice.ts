import { done, notDone, type Outcome, type RawOutput } from "../contract.js";
import { brief } from "./brief.js";
import { lastLine } from "./last-line.js";
import { affirms, findInfected, readAv, readBarrier, type Circumstances } from "./malice-av.js";
import { readFileReport } from "./malice-file.js";
import { errorOf, readFailure, type Json } from "./malice-log.js";
import { readLookup } from "./malice-lookup.js";
import { isObject, readOutput, type Answer, type MaliceOutput } from "./malice-output.js";
import { signatureName } from "./signature.js";

/** An answer with broken JSON or a repeated key may still state a detection. Within a string the quotes would be escaped. */
const INFECTED = /"infected"\s*:\s*(?:true|"true"|[1-9])/;
const RESULT = /"result"\s*:\s*"((?:[^"\\]|\\.){1,1000})"/g;

/**
 * Reads what any plugin of the malice family prints, by its shape. Only antivirus plugins, and Yara rules that have one, state
 * a verdict. No object, a fatal line or an exit status is never a result, except that a detection always is one. Of several
 * answers the worst counts. `ignore` names keys that say nothing.
 */
export function parseMalice(raw: RawOutput, ignore: readonly string[] = []): Outcome {
  const output = readOutput(raw);
  const failure = findFailure(raw, output);
  const outcomes = output.answers.map((answer) =>
    readMaliceAnswer(answer, { failure, loggedError: readLoggedError(output), ignore }),
  );
  const worst = worstOf(outcomes);
  if (worst?.verdict === "INFECTED") return worst;
  const isDescribed = output.answers.some(({ object }) => readDescription(object) !== undefined);
  return (isDescribed ? undefined : readInfected(raw.stdout)) ?? worst ?? failure ?? unknownShape({});
}

/** What is known beside an answer. */
interface Beside extends Circumstances {
  readonly loggedError: Outcome | undefined;
}

/** Reads one answer. */
function readMaliceAnswer({ object, printed }: Answer, { failure, loggedError, ignore }: Beside): Outcome {
  const description = readDescription(object);
  if (description !== undefined) return description.verdict === null ? (failure ?? description) : description;
  const circumstances = { failure: failure ?? loggedError, ignore };
  const infected = findInfected(printed);
  if (infected !== undefined) return readAv(infected, circumstances);
  const [reports, others] = takeReports(printed);
  const reason = errorOf(object);
  if (reports.length === 0) return failure ?? (reason === "" ? unknownShape(object) : readFailure(reason));
  const barrier = readBarrier(others, circumstances);
  const outcomes = reports.map((report) => readAv(report, circumstances));
  return worstOf(barrier === undefined ? outcomes : [...outcomes, barrier]) ?? unknownShape(object);
}

/** What a plugin that is no antivirus says. */
export function readDescription(object: Json): Outcome | undefined {
  const outcome = readFileReport(object) ?? readLookup(object);
  const error = errorOf(object);
  return outcome?.state === "DONE" && outcome.verdict === null && error !== "" ? readFailure(error, outcome.details) : outcome;
}

/** The detection of an output that is no valid answer. */
export function readInfected(text: string): Outcome | undefined {
  if (!INFECTED.test(text)) return undefined;
  const names = [...text.matchAll(RESULT)].flatMap(([, name]) => signatureName(name) ?? []);
  return done("INFECTED", names[0] ?? null, null);
}

/** An antivirus plugin's report stands under its name, and says under `infected` or `suspicious` what it found. */
function takeReports(object: Json): [reports: Json[], others: Json] {
  const reports: Json[] = [];
  const others: [string, unknown][] = [];
  for (const [key, value] of Object.entries(object)) {
    const parts = [value].flat();
    if (parts.length > 0 && parts.every(isReport)) reports.push(...parts);
    else others.push([key, value]);
  }
  return [reports, Object.fromEntries(others)];
}

function isReport(value: unknown): value is Json {
  return isObject(value) && (Object.hasOwn(value, "infected") || affirms(value["suspicious"]));
}

const ORDER = ["INFECTED", "SUSPICIOUS", "FAILED", "TIMEOUT", "UNSCANNED", null, "CLEAN"];

/** The worst of several outcomes; of detections one that has a name. */
function worstOf(outcomes: readonly Outcome[]): Outcome | undefined {
  const rank = ({ state, verdict, signature }: Outcome) =>
    ORDER.indexOf(state === "DONE" ? verdict : state) * 2 + (signature === null ? 1 : 0);
  return outcomes.toSorted((a, b) => rank(a) - rank(b))[0];
}

/** Why the output is no result. */
function findFailure(raw: RawOutput, { answers, isBroken, fatal }: MaliceOutput): Outcome | undefined {
  if (fatal !== undefined) return readFailure(fatal);
  if (raw.exitCode !== 0) return readFailure(`exit status ${raw.exitCode}: ${lastLine(raw)}`);
  return isBroken || answers.length === 0 ? readFailure(`it printed no complete JSON object: ${lastLine(raw)}`) : undefined;
}

/** A logged error does not invalidate a description of the file; but a plugin that logs one never proves a file clean. */
function readLoggedError({ error }: MaliceOutput): Outcome | undefined {
  return error === undefined ? undefined : readFailure(error);
}

function unknownShape(object: Json): Outcome {
  return notDone("FAILED", "UNPARSABLE_OUTPUT", `its output has another shape: ${brief(object)}`);
}
