import { sql, type RawBuilder } from "kysely";
import type { Database } from "./database.js";
import { GONE_AFTER } from "./engine-hosts.js";
import { OVERDUE_MS } from "./outbox.js";

/**
 * Whether there may be something to do, for each kind of background work. A kind may be there in vain: who does it looks itself, and
 * locks what it takes. None may be missing.
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

/** The kinds of background work that may have something to do: one look instead of a transaction for each. */
export async function readDueWork(db: Database): Promise<ReadonlySet<DueWork>> {
  const {
    rows: [row],
  } = await statement.execute(db);
  return new Set((Object.keys(DUE) as DueWork[]).filter((name) => row?.[name]));
}

/** What the sender of webhooks may have to do. */
export interface DueWebhooks {
  /** Final scans of which no delivery was entered yet. */
  readonly untold: boolean;
  /** Deliveries whose time has come. */
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
