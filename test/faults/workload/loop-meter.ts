/** How late gateways' event loops are, by their own metric, which begins anew whenever it is read. */

import type { Gateway } from "../mesh/mesh.js";
import { ask } from "./client.js";
import type { JournalWriter } from "./journal-writer.js";

const P99 = /^nodejs_eventloop_lag_p99_seconds (\S+)/m;

export interface LoopMeter {
  /** Begins with every process that is new: loading its code, and what was before this round, do not count. */
  begin(): Promise<void>;
  measure(write: JournalWriter["write"]): Promise<void>;
}

export function createLoopMeter(gateways: readonly Gateway[]): LoopMeter {
  const begun = new Map<string, number>();

  async function read({ url }: Gateway): Promise<number | undefined> {
    const seconds = Number(P99.exec((await ask(`${url}/metrics`)).body)?.[1]);
    return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  }

  return {
    async begin() {
      for (const gateway of gateways) {
        const pid = gateway.current()?.pid;
        if (pid === undefined || begun.get(gateway.name) === pid) continue;
        if ((await read(gateway)) !== undefined) begun.set(gateway.name, pid);
      }
    },
    async measure(write) {
      for (const gateway of gateways) {
        if (begun.get(gateway.name) !== gateway.current()?.pid) continue;
        const p99Ms = await read(gateway);
        if (p99Ms !== undefined) write({ kind: "loop", gateway: gateway.name, p99Ms });
      }
    },
  };
}
