/** What should not be there once the mesh is healed and has nothing to do: the sentences say what and where. */

import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { NatsConnection } from "nats";
import type { Client } from "pg";

const LOOK_EVERY_MS = 1_000;

export interface Places {
  readonly db: Client;
  /** Connections to the accounts ISOLATED and INTERNET. */
  readonly accounts: Readonly<Record<"isolated" | "internet", NatsConnection>>;
  /** Folders in which agents keep samples. */
  readonly spools: readonly string[];
}

/** Looks again until nothing is left, or the time is over; then what is still there. */
export async function waitForNoOrphans(places: Places, until: number): Promise<string[]> {
  for (;;) {
    const found = await findOrphans(places);
    if (found.length === 0 || Date.now() >= until) return found;
    await pause(LOOK_EVERY_MS);
  }
}

async function findOrphans({ db, accounts, spools }: Places): Promise<string[]> {
  return [
    ...(await rowsLeft(db, "an unpublished request", "select scan_id as id from outbox where seq is null and not held")),
    ...(await rowsLeft(
      db,
      "a request of a final scan",
      "select scan_id as id from outbox o join scans s on s.id = o.scan_id where s.end_date is not null",
    )),
    ...(await rowsLeft(db, "something to be removed from the bus", "select id from removals")),
    ...(await busOrphans(db, accounts.isolated, "isolated_chunks")),
    ...(await busOrphans(db, accounts.internet, "internet_chunks")),
    ...(await spoolOrphans(spools)),
  ];
}

async function rowsLeft(db: Client, what: string, statement: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(statement);
  return rows.length === 0 ? [] : [`${what} is left (${rows.length}, such as ${rows[0]?.id})`];
}

async function busOrphans(db: Client, nc: NatsConnection, column: "isolated_chunks" | "internet_chunks"): Promise<string[]> {
  const manager = await nc.jetstreamManager();
  const account = column === "isolated_chunks" ? "ISOLATED" : "INTERNET";
  const found: string[] = [];
  for (const stream of ["SCANS", "RESULTS"]) {
    for await (const { name, num_ack_pending } of manager.consumers.list(stream))
      if (num_ack_pending > 0) found.push(`${num_ack_pending} messages for ${name} are not acknowledged in ${account}`);
  }
  const { state: results } = await manager.streams.info("RESULTS");
  if (results.messages > 0) found.push(`${results.messages} results are not recorded in ${account}`);
  const { state } = await manager.streams.info("SAMPLES", { subjects_filter: "sample.>" });
  const blobs = new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.split(".")[1] ?? ""));
  const { rows } = await db.query<{ blob: string }>(
    `select blob::text from samples where blob is not null and ${column} is not null`,
  );
  const named = new Set(rows.map(({ blob }) => blob));
  const unnamed = [...blobs].filter((blob) => !named.has(blob));
  if (unnamed.length > 0) found.push(`chunks of ${unnamed.length} samples that nobody names are in ${account}`);
  return found;
}

async function spoolOrphans(spools: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of spools) {
    const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    if (files.length > 0) found.push(`${files.length} samples are left in ${folder}`);
  }
  return found;
}
