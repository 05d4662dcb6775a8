import { z } from "zod";
import { done, notDone, type Outcome } from "../contract.js";
import type { Json } from "./malice-log.js";
import { plainText } from "./signature.js";

/** What a look-up by hash says; its keys stand for themselves, as clients of `/api/v1` know them. */
type Lookup = (object: Json) => Outcome | undefined;

const Found = z.looseObject({ found: z.boolean() });
const VirusTotalReport = z.looseObject({ response_code: z.number().int(), verbose_msg: z.unknown().optional() });

/** Reads the answer of a plugin that looks hashes up, or says that this is none. `known` tells whether the hash is known there. */
export function readLookup(object: Json): Outcome | undefined {
  for (const lookup of [nsrl, shadowServer, virusTotal]) {
    const outcome = lookup(object);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

const nsrl: Lookup = ({ nsrl: answer }) => found(answer);

const shadowServer: Lookup = (object) => found(object["shadow_server"] ?? object["shadow-server"]);

function found(answer: unknown): Outcome | undefined {
  const { data } = Found.safeParse(answer);
  return data && done(null, null, { known: data.found, ...data });
}

/** VirusTotal's own report: 1 is known, 0 is not, -2 is not analysed yet. */
const virusTotal: Lookup = (object) => {
  const { data } = VirusTotalReport.safeParse(object);
  if (data === undefined) return undefined;
  if (![1, 0, -2].includes(data.response_code))
    return notDone(
      "FAILED",
      "ENGINE_ERROR",
      `response code ${data.response_code}: ${plainText(data.verbose_msg) || "no reason"}`,
    );
  const { markdown: _, ...report } = data;
  return done(null, null, { known: data.response_code === 1, ...report });
};
