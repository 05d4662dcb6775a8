/** A plugin's report as MultiAV2 stored it: without the plugin's name, among keys of MultiAV2's own. */

import type { PluginType } from "../../schema/classes.js";
import { done, notDone, type Outcome } from "../contract.js";
import { findInfected, NO_DETAILS, readAv } from "./malice-av.js";
import { errorOf, readFailure, type Json } from "./malice-log.js";
import { readAnswer } from "./malice-output.js";
import { readDescription, readInfected } from "./malice.js";
import { plainText, signatureName } from "./signature.js";

const MULTIAV_KEYS = new Set(["name", "plugin_type", "speed", "has_internet", "queued", "scanning"]);
/** Why a result that MultiAV2 has not read failed. */
export const UNREADABLE = "its result cannot be read";

/** Reads it as the live output of the same plugin; undefined if MultiAV2 has not written what the plugin said. */
export function readStoredReport(text: string, type: PluginType): Outcome | undefined {
  const answer = readAnswer(text);
  if (answer === undefined) return readInfected(text) ?? notDone("FAILED", "UNPARSABLE_OUTPUT", UNREADABLE);
  const [object, report] = [answer.object, answer.printed].map(takeOwnKeys) as [Json, Json];
  const circumstances = { failure: undefined, ignore: [] };
  const infected = findInfected(report);
  if (infected !== undefined) return readAv(infected === report ? report : { ...report, ...infected }, circumstances);
  const error = errorOf(report);
  if (type === "AV") return error === "" && isUnwritten(report["infected"]) ? undefined : readAv(report, circumstances);
  const description = readDescription(object);
  if (description !== undefined && description.verdict !== null) return description;
  const details = Object.fromEntries(Object.entries(object).filter(([key]) => !NO_DETAILS.has(key)));
  if (error !== "") return readFailure(error, details);
  const kept =
    description?.state === "DONE" || description === undefined
      ? done(null, signatureName(report["result"]), details)
      : description;
  return { ...kept, versions: { engine: plainText(report["engine"]) || null, signatures: null, signatureDate: null } };
}

function isUnwritten(infected: unknown): boolean {
  return infected === undefined || infected === null || infected === "";
}

function takeOwnKeys(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !MULTIAV_KEYS.has(key)));
}
