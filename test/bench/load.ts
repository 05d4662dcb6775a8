/** Closed load: as many scans as the mesh takes, a bounded number of them under way. */

import { setTimeout as pause } from "node:timers/promises";
import type { Api } from "./api.js";
import type { Finals } from "./finals.js";
import type { Advance } from "./progress.js";

/** Uploads at once. */
export const UPLOADS = 32;
/** Scans at once that are accepted and not seen to be final. */
export const OPEN_SCANS = 512;
/** Looking costs the gateway time, so it is done often only when little is left. */
const LOOK_MS = 200;
const LAST_LOOKS_MS = 10;
const FEW = 64;
const TIME_LIMIT_MS = 180_000;

/** Sends every form and waits until every scan is seen to be final; the seconds from the first upload's start. */
export async function pushThrough(api: Api, finals: Finals, forms: readonly Buffer[], advance: Advance): Promise<number> {
  const begun = performance.now();
  const deadline = begun + TIME_LIMIT_MS;
  const ending = new AbortController();
  let next = 0;
  let answered = 0;

  async function send(): Promise<void> {
    for (let form = forms[next++]; form !== undefined; form = forms[next++]) {
      while (next - 1 - answered + finals.open() >= OPEN_SCANS) await pause(LOOK_MS / 4, undefined, ending);
      finals.sent(await api.submit(form));
      answered += 1;
    }
  }

  async function watch(): Promise<void> {
    while (answered < forms.length || finals.open() > 0) {
      await pause(answered === forms.length && finals.open() < FEW ? LAST_LOOKS_MS : LOOK_MS, undefined, ending);
      await finals.look();
      advance(answered - finals.open(), forms.length);
      if (performance.now() > deadline) throw new Error(`${finals.open()} scans are not final after ${TIME_LIMIT_MS / 1_000} s`);
    }
  }

  try {
    await Promise.all([watch(), ...Array.from({ length: UPLOADS }, send)]);
    return (performance.now() - begun) / 1_000;
  } finally {
    ending.abort();
  }
}
