import { sql } from "kysely";
import type { Caller, CallerKey } from "../caller.js";
import { literally } from "./list-conditions.js";
import { COUNTED, listCount, type ListCount } from "./list-place.js";
import type { Database, Tx } from "./database.js";

/** Who caused an event. */
export type Actor = Pick<Caller, "address" | "requestId"> & { readonly key: Pick<CallerKey, "id"> | null };

/**
 * Records an action in the transaction that carries it out. `action` is the name of the verb, `subject` the key of the thing as users
 * know it; `details` hold no secrets.
 */
export async function audit(
  db: Database | Tx,
  { key, address, requestId }: Actor,
  action: string,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db
    .insertInto("audit_events")
    .values({ key_id: key?.id ?? null, address, request_id: requestId, action, subject, details: JSON.stringify(details) })
    .execute();
}

/** An event as it is listed. */
export interface AuditRecord {
  readonly id: number;
  readonly at: Date;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly address: string;
  readonly requestId: string;
  readonly action: string;
  readonly subject: string;
  readonly details: Record<string, unknown>;
}

/** A filter on events; undefined criteria match everything. */
export interface AuditCriteria {
  readonly keyId?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** Text that the event contains, ignoring case. No index helps, so the connection needs a time limit. */
  readonly text?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** A place in the list of events. */
export type AuditPlace = Pick<AuditRecord, "at" | "id">;

/** A page of events, the newest first, beginning after `after`. */
export async function readAuditEvents(
  db: Database,
  criteria: AuditCriteria,
  { limit, after }: { limit: number; after: AuditPlace | undefined },
): Promise<AuditRecord[]> {
  let query = selectMatching(db, criteria).orderBy("event.at", "desc").orderBy("event.id", "desc").limit(limit);
  if (after !== undefined) query = query.where(sql<boolean>`(event.at, event.id) < (${after.at}, ${after.id})`);
  return query.execute();
}

/** How many events match, up to the limit of lists. */
export async function countAuditEvents(db: Database, criteria: AuditCriteria): Promise<ListCount> {
  const counted = selectMatching(db, criteria).limit(COUNTED + 1);
  const { count } = await db
    .selectFrom(counted.as("counted"))
    .select((all) => all.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return listCount(count);
}

export async function readAuditEvent(db: Database, id: number): Promise<AuditRecord | undefined> {
  return selectEvents(db).where("event.id", "=", id).executeTakeFirst();
}

function selectMatching(db: Database, { keyId, action, subject, text, since, until }: AuditCriteria) {
  let query = selectEvents(db);
  if (keyId !== undefined) query = query.where("event.key_id", "=", keyId);
  if (action !== undefined) query = query.where("event.action", "=", action);
  if (subject !== undefined) query = query.where("event.subject", "=", subject);
  if (text !== undefined)
    query = query.where(sql<boolean>`concat_ws(E'\\n', event.action, event.subject, event.address, event.request_id, event.key_id,
      key.name, event.details::text) ilike ${`%${literally(text)}%`}`);
  if (since !== undefined) query = query.where("event.at", ">=", since);
  if (until !== undefined) query = query.where("event.at", "<", until);
  return query;
}

function selectEvents(db: Database) {
  return db
    .selectFrom("audit_events as event")
    .leftJoin("api_keys as key", "key.id", "event.key_id")
    .select([
      "event.id",
      "event.at",
      "event.key_id as keyId",
      "key.name as keyName",
      "event.address",
      "event.request_id as requestId",
      "event.action",
      "event.subject",
      "event.details",
    ]);
}
