import type { Caller } from "../caller.js";
import type { Database, Tx } from "./database.js";

/**
 * Writes down who did what to which thing, in the transaction that does it. `action` is the verb's name, `subject` the
 * thing's key as its users know it; `details` hold no secret.
 */
export async function audit(
  db: Database | Tx,
  { key, address, requestId }: Caller,
  action: string,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db
    .insertInto("audit_events")
    .values({ key_id: key?.id ?? null, address, request_id: requestId, action, subject, details: JSON.stringify(details) })
    .execute();
}
