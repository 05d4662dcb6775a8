/** What a process under test has used, as it says itself. */

import { once } from "node:events";
import { projectPath } from "../../schema/paths.js";
import type { Part } from "./stage.js";

/** Arguments of Node that load the probe. */
export const PROBE: readonly string[] = ["--expose-gc", "--import", projectPath("test", "stage", "probe.mjs")];

/** Blocks of JavaScript run since this was asked last, or bytes of memory in use once all garbage has been collected. */
export async function usageOf({ process }: Part, ask: "steps" | "memory"): Promise<number> {
  process.send({ ask });
  for (;;) {
    const [answer] = (await once(process, "message")) as [{ kind?: string; value: number }];
    if (answer.kind === ask) return answer.value;
  }
}
