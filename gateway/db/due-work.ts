import { sql, type RawBuilder } from "kysely";
import type { Database } from "./database.js";
import { GONE_AFTER } from "./engine-hosts.js";
import { OVERDUE_MS } from "./outbox.js";

/**
 * Whether each kind of background work may have something to do. False positives are harmless, since each kind checks again and locks its
 * rows; there must be no false negatives.
 */
const DUE = {
  unpublished: sql`exists (select from outbox
    where seq is null and not held and created_at < now() - ${OVERDUE_MS} * interval '1 millisecond')`,
  overdue: sql`exists (select from scans where end_date is null and deadline < now())`,
  unserved: sql`exists (select from engines
    where removed_at > now() - ${GONE_AFTER} or broken_since > now() - ${GONE_AFTER} or expected_until < now())`,
  removals: sql`exists (select from removals)`,
  restarts: sql`exists (select from rolling_restarts where state = 'RUNNING')`,
  rulesets: sql`exists (select from ruleset_jobs where ended_at is null)`,
  copies: sql`exists (select from samples where internet_chunks is not null)`,
  uncounted: sql`exists (select from uncounted_scans)`,
} satisfies Record<string, RawBuilder<unknown>>;

export type DueWork = keyof typeof DUE;

const statement = sql<Record<DueWork, boolean>>`select ${sql.join(
  Object.entries(DUE).map(([name, isDue]) => sql`${isDue} as ${sql.ref(name)}`),
)}`;

/** The kinds of background work that may have something to do. One query replaces a transaction for each. */
export async function readDueWork(db: Database): Promise<ReadonlySet<DueWork>> {
  const {
    rows: [row],
  } = await statement.execute(db);
  return new Set((Object.keys(DUE) as DueWork[]).filter((name) => row?.[name]));
}

/** What may have to be done for webhooks. */
export interface DueWebhooks {
  /** Final scans whose deliveries were not queued yet. */
  readonly untold: boolean;
  /** Deliveries that are due. */
  readonly deliveries: boolean;
}

export async function readDueWebhooks(db: Database): Promise<DueWebhooks | undefined> {
  const { rows } = await sql<DueWebhooks>`
    select exists (select from untold_scans) as untold,
      exists (select from webhooks cross join lateral (
        select from webhook_deliveries where webhook_id = webhooks.id and state = 'PENDING' and next_attempt_at <= now() limit 1
      ) as due where webhooks.enabled) as deliveries`.execute(db);
  return rows[0];
}
