import { z } from "zod";
import { done, notDone, type Outcome } from "../contract.js";
import { brief } from "./brief.js";
import { errorOf, readFailure, type Json } from "./malice-log.js";
import { isObject } from "./malice-output.js";
import { signatureName } from "./signature.js";

/** Reads the report of a plugin that describes a file, or says that this is none. */
export function readFileReport(object: Json): Outcome | undefined {
  return fileinfo(object) ?? yara(object) ?? floss(object) ?? pescan(object);
}

const FileInfo = z.object({
  magic: z.looseObject({ mime: z.string() }),
  ssdeep: z.unknown(),
  trid: z.array(z.unknown()).nullish(),
  exiftool: z.record(z.string(), z.unknown()).nullish(),
});

function fileinfo(object: Json): Outcome | undefined {
  const { data } = FileInfo.safeParse(object);
  return data && done(null, null, { ...data, ssdeep: data.ssdeep ?? "", trid: data.trid ?? [], exiftool: data.exiftool ?? {} });
}

const Yara = z.object({ yara: z.object({ matches: z.array(z.unknown()).nullish() }) });

/**
 * As with our own Yara, a verdict is stated only where a matching rule's metadata has one, and infected beats suspicious. An unreadable
 * match may have stated one, so without another verdict the result is FAILED.
 */
function yara(object: Json): Outcome | undefined {
  const { data } = Yara.safeParse(object);
  if (data === undefined) return undefined;
  const matches = data.yara.matches ?? [];
  const details = { yara: { matches } };
  for (const [word, verdict] of STATED) {
    const stating = matches.find((match) => isObject(match) && verdictWords(match).includes(word));
    if (isObject(stating)) return done(verdict, signatureName(stating["Rule"]), details);
  }
  const odd = matches.find((match) => !isReadable(match));
  if (odd === undefined) return done(null, null, details);
  return notDone("FAILED", "UNPARSABLE_OUTPUT", `a match cannot be read: ${brief(odd)}`, details);
}

const STATED = [
  ["infected", "INFECTED"],
  ["suspicious", "SUSPICIOUS"],
] as const;

/** The metadata are an object, or with newer plugins a list of entries. */
function verdictWords({ Meta, Metas }: Json): unknown[] {
  const listed = [Metas].flat().filter((entry) => isObject(entry) && entry["Identifier"] === "verdict");
  return [...(isObject(Meta) ? [Meta["verdict"]] : []), ...listed.map((entry) => isObject(entry) && entry["Value"])];
}

function isReadable(match: unknown): boolean {
  if (!isObject(match) || typeof match["Rule"] !== "string") return false;
  return [match["Meta"], match["Metas"]].every((value) => value === null || value === undefined || typeof value === "object");
}

const Floss = z.object({
  floss: z.record(z.string(), z.unknown()),
});

/** `error` is always there; FLOSS says in it that a file is of no type that it can emulate. */
function floss(object: Json): Outcome | undefined {
  const { data } = Floss.safeParse(object);
  if (data === undefined) return undefined;
  const details = { floss: data.floss };
  const error = errorOf(object);
  return error === "" ? done(null, null, details) : readFailure(error, details);
}

const PeScan = z.looseObject({ info: z.record(z.string(), z.unknown()), sections: z.array(z.unknown()) });

function pescan(object: Json): Outcome | undefined {
  const { data } = PeScan.safeParse(object);
  if (data === undefined) return undefined;
  const { markdown: _, ...report } = data;
  return done(null, null, report);
}
