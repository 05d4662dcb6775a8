import type { Scope } from "../../generated/viewer.ts";

/** Each scope in a word or two and in a sentence. */
export const SCOPE_WORDS: readonly { readonly scope: Scope; readonly word: string; readonly sentence: string }[] = [
  {
    scope: "SCAN_READ",
    word: "read scans",
    sentence: "Sees scans, reports, agents, engines and statistics, and follows them live.",
  },
  { scope: "SCAN_WRITE", word: "scan", sentence: "Sends files and scans them; cancels and deletes scans." },
  { scope: "SAMPLE_READ", word: "download samples", sentence: "Downloads samples, which may be malware." },
  { scope: "FLEET_WRITE", word: "steer the fleet", sentence: "Switches engines on and off; cordons, drains and resumes agents." },
  {
    scope: "ADMIN",
    word: "everything",
    sentence: "May do all of the above, and what only this screen and its neighbours do: keys, webhooks, the audit log.",
  },
];

export function scopeWord(scope: Scope): string {
  return SCOPE_WORDS.find((one) => one.scope === scope)?.word ?? scope;
}
