import { hashName } from "../../../schema/hashes.js";
import type { SearchTerms } from "../../db/search-scans.js";
import { writtenForms } from "../../db/written-forms.js";
import { badInput } from "../../errors.js";
import { text as checkText } from "./filter-values.js";

/** The most terms in one search. */
const MOST_TERMS = 100;

/** Splits a line into terms at commas and reads each as everything it can be: an id, a hash, a name. Throws BAD_INPUT. */
export function searchTerms(line: string): SearchTerms {
  const terms = [...new Set(line.split(",").map((term) => term.trim()))].filter((term) => term !== "");
  if (terms.length === 0) throw badInput("text", "is empty");
  if (terms.length > MOST_TERMS) throw badInput("text", `has ${terms.length} terms; ${MOST_TERMS} is the most`);
  for (const term of terms) checkText("text", term);
  const numbers = terms.flatMap((term) => (/^#?[1-9]\d{0,15}$/.test(term) ? [Number(term.replace("#", ""))] : []));
  return {
    scanIds: numbers.filter((id) => Number.isSafeInteger(id)),
    hashes: terms.filter((term) => hashName(term) !== undefined).map((hash) => hash.toLowerCase()),
    names: [...new Set(terms.flatMap(writtenForms))],
  };
}
