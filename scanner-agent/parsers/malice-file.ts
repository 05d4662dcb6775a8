import { z } from "zod";
import { done, type Outcome } from "../contract.js";
import { readFailure, type Json } from "./malice-output.js";

/** Reads the report of a plugin that describes a file, or says that this is none. */
export function readFileReport(object: Json): Outcome | undefined {
  return fileinfo(object) ?? yara(object) ?? floss(object) ?? pescan(object);
}

const FileInfo = z.object({
  magic: z.object({ mime: z.string(), description: z.string() }),
  ssdeep: z.string(),
  trid: z.array(z.string()).nullable(),
  exiftool: z.record(z.string(), z.string()).nullable(),
});

function fileinfo(object: Json): Outcome | undefined {
  const { data } = FileInfo.safeParse(object);
  return data && done(null, null, { ...data, trid: data.trid ?? [], exiftool: data.exiftool ?? {} });
}

const YaraMatch = z.looseObject({ Rule: z.string(), Meta: z.record(z.string(), z.unknown()).nullish() });
const Yara = z.object({ yara: z.object({ matches: z.array(YaraMatch).nullable() }) });

/** As with our own Yara, a verdict is stated only where a matching rule's metadata has one, and infected beats suspicious. */
function yara(object: Json): Outcome | undefined {
  const { data } = Yara.safeParse(object);
  if (data === undefined) return undefined;
  const matches = data.yara.matches ?? [];
  const stating = (word: string) => matches.find(({ Meta }) => Meta?.["verdict"] === word);
  const details = { yara: { matches } };
  const infected = stating("infected");
  if (infected !== undefined) return done("INFECTED", infected.Rule, details);
  const suspicious = stating("suspicious");
  return suspicious === undefined ? done(null, null, details) : done("SUSPICIOUS", suspicious.Rule, details);
}

const Floss = z.object({
  floss: z.record(z.string(), z.unknown()),
  error: z.object({ message: z.string(), type: z.string() }).partial().nullish(),
});

/** `error` is always there; FLOSS says in it that a file is of no type that it can emulate. */
function floss(object: Json): Outcome | undefined {
  const { data } = Floss.safeParse(object);
  if (data === undefined) return undefined;
  const details = { floss: data.floss };
  const error = [data.error?.type, data.error?.message].filter((part) => part).join(": ");
  return error === "" ? done(null, null, details) : readFailure(error, details);
}

const PeScan = z.looseObject({ info: z.record(z.string(), z.unknown()), sections: z.array(z.unknown()) });

function pescan(object: Json): Outcome | undefined {
  const { data } = PeScan.safeParse(object);
  if (data === undefined) return undefined;
  const { markdown: _, ...report } = data;
  return done(null, null, report);
}
