import { sql, type SqlBool } from "kysely";
import type { EngineVerdict } from "../../schema/states.js";
import type { Database, Tx } from "./database.js";
import { all, hashIs, isAnyOf, timeWithin, type TimeCriteria } from "./list-conditions.js";
import type { EndedCheck } from "./verdict-checks.js";

/** A verdict of an engine that changed with its signatures. */
export interface VerdictFlipRecord {
  readonly flipId: number;
  readonly engineId: number;
  readonly sampleId: number;
  readonly scanId: number;
  readonly previous: number;
  readonly from: EngineVerdict | null;
  readonly to: EngineVerdict | null;
  readonly fromSignature: string | null;
  readonly toSignature: string | null;
  readonly fromVersion: string | null;
  readonly toVersion: string | null;
  readonly at: Date;
}

/** A filter on flips. All criteria must hold; of a list at least one value. */
export interface FlipCriteria {
  readonly engineIds?: readonly number[] | undefined;
  readonly toVerdicts?: readonly EngineVerdict[] | undefined;
  /** Lower-case hex. */
  readonly hashes?: readonly string[] | undefined;
  readonly at?: TimeCriteria | undefined;
}

/** Stores flips, keeps the scans that found them, and queues deliveries to webhooks. The scans must be locked. */
export async function insertFlips(tx: Tx, flips: readonly EndedCheck[]): Promise<void> {
  const rows = flips.map(({ scanId, runId, engineId, sampleId, previous, before, now }) => ({
    run_id: runId,
    engine_id: engineId,
    sample_id: sampleId,
    scan_id: scanId,
    previous,
    from_verdict: before?.verdict ?? null,
    to_verdict: now.verdict,
    from_signature: before?.signature ?? null,
    to_signature: now.signature,
    from_version: before?.signatureVersion ?? before?.engineVersion ?? null,
    to_version: now.signatureVersion ?? now.engineVersion,
  }));
  await tx.insertInto("verdict_flips").values(rows).execute();
  const scanIds = flips.map(({ scanId }) => scanId);
  await sql`update scans set origin = 'UPDATE', revision = revision + 1, changed_in = pg_current_xact_id()
    where id = any(${scanIds}::bigint[])`.execute(tx);
  await sql`delete from verdict_checks where scan_id = any(${scanIds}::bigint[])`.execute(tx);
  await sql`
    insert into webhook_deliveries (webhook_id, event, scan_id)
    select webhooks.id, 'VERDICT_FLIPPED', scan_id from unnest(${scanIds}::bigint[]) as scan_id cross join webhooks
    where enabled and 'VERDICT_FLIPPED' = any(events) order by scan_id, webhooks.id`.execute(tx);
}

const columns = [
  "verdict_flips.id as flipId",
  "verdict_flips.engine_id as engineId",
  "verdict_flips.sample_id as sampleId",
  "verdict_flips.scan_id as scanId",
  "verdict_flips.previous",
  "verdict_flips.from_verdict as from",
  "verdict_flips.to_verdict as to",
  "verdict_flips.from_signature as fromSignature",
  "verdict_flips.to_signature as toSignature",
  "verdict_flips.from_version as fromVersion",
  "verdict_flips.to_version as toVersion",
  "verdict_flips.at",
] as const;

/** A page of flips, the newest first. */
export async function listFlips(
  db: Database,
  { engineIds, toVerdicts, hashes, at }: FlipCriteria,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<VerdictFlipRecord[]> {
  const ofSample = hashIs(hashes);
  return db
    .selectFrom("verdict_flips")
    .select([...columns])
    .where(
      all([
        isAnyOf("verdict_flips.engine_id", "int", engineIds),
        isAnyOf("verdict_flips.to_verdict", "verdict", toVerdicts),
        ...timeWithin("verdict_flips.at", at),
        ofSample && sql<SqlBool>`verdict_flips.sample_id in (select id from samples where ${ofSample})`,
        after === undefined ? undefined : sql<SqlBool>`verdict_flips.id < ${after}`,
      ]),
    )
    .orderBy("verdict_flips.id", "desc")
    .limit(sql.lit(limit))
    .execute();
}

/** The flip that the scan of an update found. */
export async function readFlipOf(db: Database, scanId: number): Promise<(VerdictFlipRecord & { engine: string }) | undefined> {
  return db
    .selectFrom("verdict_flips")
    .innerJoin("engines", "engines.id", "verdict_flips.engine_id")
    .select([...columns, "engines.name as engine"])
    .where("scan_id", "=", scanId)
    .executeTakeFirst();
}
