/** Between the processes of a mesh and its servers: a relay for each process that speaks to NATS, and one to Postgres. */

import { watchNats } from "./nats-wire.js";
import { watchPostgres } from "./postgres-wire.js";
import { openRelay } from "./relay.js";
import type { Note } from "./steps.js";

export interface Relays {
  readonly postgresUrl: string;
  /** The address of nats-server for this process; undefined for one that nobody looks at. */
  natsUrl(process: string): string | undefined;
  stop(): Promise<void>;
}

export async function openRelays(note: Note, postgresUrl: string, natsUrl: string): Promise<Relays> {
  const postgres = await openRelay(postgresUrl, () => watchPostgres("gateway", note));
  const gateway = await openRelay(natsUrl, () => watchNats("gateway", note));
  const agent = await openRelay(natsUrl, () => watchNats("agent", note));
  return {
    postgresUrl: postgres.url,
    natsUrl: (process) => ({ gateway, agent })[process as "gateway" | "agent"]?.url,
    async stop() {
      await Promise.all([postgres, gateway, agent].map((relay) => relay.stop()));
    },
  };
}
