/** A subscriber that waits for the ends of scans at one gateway, and comes back whenever its connection breaks. */

import { setTimeout as pause } from "node:timers/promises";
import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";
import type { JournalWriter } from "./journal-writer.js";

const AGAIN_MS = 500;
const UPDATES = "subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { scanId revision endDate verdict } }";

interface Update {
  readonly scanUpdated: {
    readonly scanId: number;
    readonly revision: number;
    readonly endDate: string | null;
    readonly verdict: string | null;
  };
}

export interface Watcher {
  watch(scan: number): void;
  /** Scans whose end it has not been told. */
  open(): readonly number[];
  close(): Promise<void>;
}

export function openWatcher(gateway: { readonly name: string; readonly url: string }, journal: JournalWriter): Watcher {
  const open = new Set<number>();
  let connections = 0;
  let closed = false;
  const client: Client = createClient({
    url: `${gateway.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    lazy: true,
    retryAttempts: 0,
    on: { connected: () => (connections += 1) },
  });

  async function follow(scan: number): Promise<void> {
    while (open.has(scan) && !closed) {
      try {
        for await (const { data } of client.iterate<Update>({ query: UPDATES, variables: { id: scan } })) {
          const update = data?.scanUpdated;
          if (update === undefined || update === null) continue;
          const final = update.endDate !== null;
          const { revision, verdict } = update;
          journal.write({ kind: "told", connection: `${gateway.name} ${connections}`, scan, revision, final, verdict });
          if (final) open.delete(scan);
        }
      } catch {
        // The connection is gone, or the gateway cannot read the scan now; a client comes back.
      }
      if (open.has(scan)) await pause(AGAIN_MS);
    }
  }

  return {
    watch(scan) {
      open.add(scan);
      void follow(scan);
    },
    open: () => [...open],
    async close() {
      closed = true;
      await client.dispose();
    },
  };
}
