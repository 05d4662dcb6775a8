/** Closed load: as many scans as the mesh takes, a bounded number of them under way. */

import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import type { ScansSamples } from "./mesh.js";
import type { Advance } from "./progress.js";

/** Uploads at once. */
export const UPLOADS = 32;
/** Scans at once that are accepted and not seen to be final. */
export const OPEN_SCANS = 512;
/** It is looked often only when nothing is sent any more: looking costs time on a core that the mesh wants. */
const LOOK_MS = 100;
const LAST_LOOKS_MS = 10;
const TIME_LIMIT_MS = 180_000;

/** Sends every body and waits until every scan is seen to be final; the seconds from the first upload's start. */
export async function pushThrough(
  { api, finals }: Pick<ScansSamples, "api" | "finals">,
  bodies: readonly Buffer[],
  advance: Advance,
): Promise<number> {
  const begun = performance.now();
  const deadline = begun + TIME_LIMIT_MS;
  const ending = createAbortController();
  let next = 0;
  let answered = 0;

  async function send(): Promise<void> {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      while (next - 1 - answered + finals.open() >= OPEN_SCANS) await pause(LOOK_MS / 10, undefined, ending);
      finals.sent(await api.submit(body));
      answered += 1;
    }
  }

  async function watch(): Promise<void> {
    while (answered < bodies.length || finals.open() > 0) {
      await pause(answered === bodies.length ? LAST_LOOKS_MS : LOOK_MS, undefined, ending);
      await finals.look();
      advance(answered - finals.open(), bodies.length);
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
