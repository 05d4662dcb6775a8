/** What a scan uses of Postgres and NATS beside processor time. */

import pg from "pg";
import type { BenchMesh } from "./mesh.js";
import { openMessageCount } from "./message-count.js";
import { readStatements } from "./statement-count.js";

/** Of a scan. */
export interface Use {
  readonly statements: number;
  readonly commits: number;
  readonly walBytes: number;
  readonly rowBytes: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** Over so many scans, which the work does. */
export async function countUse(mesh: BenchMesh, scans: number, work: () => Promise<unknown>): Promise<Use> {
  const messages = await openMessageCount(mesh.servers);
  try {
    const rows = await rowBytes(mesh.postgresUrl);
    const before = await readStatements(mesh.postgresUrl);
    const sent = await messages.read();
    await work();
    const sentAfter = await messages.read();
    const after = await readStatements(mesh.postgresUrl);
    const rowsAfter = await rowBytes(mesh.postgresUrl);
    return {
      statements: (after.statements - before.statements) / scans,
      commits: (after.commits - before.commits) / scans,
      walBytes: (after["WAL bytes"] - before["WAL bytes"]) / scans,
      rowBytes: (rowsAfter - rows) / scans,
      messagesIn: (sentAfter["NATS messages in"] - sent["NATS messages in"]) / scans,
      messagesOut: (sentAfter["NATS messages out"] - sent["NATS messages out"]) / scans,
    };
  } finally {
    await messages.close();
  }
}

/** All tables with their indexes, written anew, so that they are as full as after a load that lasts. */
async function rowBytes(postgresUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query("vacuum full");
    const { rows } = await client.query<{ bytes: number }>("select pg_database_size(current_database())::float8 as bytes");
    return rows[0]?.bytes ?? 0;
  } finally {
    await client.end();
  }
}
