import type { Caller } from "../caller.js";
import type { Tx } from "../db/database.js";
import { addUsage, lockUsage } from "../db/quota.js";
import { GatewayError } from "../errors.js";

/** The daily quotas of the callers of one transaction. Keys without a quota are not counted. */
export interface Quotas {
  /** Takes scans from the caller's quota. Returns the refusal if fewer are left. */
  take(caller: Caller, scans: number): GatewayError | undefined;
  giveBack(caller: Caller, scans: number): void;
  /** Writes down what was taken. */
  settle(): Promise<void>;
}

/**
 * Each key's count is one row, locked until the transaction ends. Submissions that arrive together share a transaction, so a busy
 * key's row is written once for many of them.
 */
export async function openQuotas(tx: Tx, callers: readonly Caller[]): Promise<Quotas> {
  const limited = new Set(callers.flatMap(({ key }) => (key !== null && key.dailyScans !== null ? [key.id] : [])));
  const usage = new Map(limited.size === 0 ? [] : (await lockUsage(tx, [...limited])).map((one) => [one.keyId, one]));
  const taken = new Map<string, number>();
  const add = (keyId: string, scans: number) => taken.set(keyId, (taken.get(keyId) ?? 0) + scans);
  return {
    take({ key }, scans) {
      const had = usage.get(key?.id ?? "");
      if (!key || !had || key.dailyScans === null) return undefined;
      const left = key.dailyScans - had.scans - (taken.get(key.id) ?? 0);
      if (left < scans) {
        const message = `the key ${key.name} may have ${key.dailyScans} scans a day, and ${Math.max(0, left)} are left today`;
        return new GatewayError("RATE_LIMITED", message, { retryAfter: had.tomorrow });
      }
      add(key.id, scans);
      return undefined;
    },
    giveBack({ key }, scans) {
      if (key && usage.has(key.id)) add(key.id, -scans);
    },
    async settle() {
      const counts = new Map([...taken].filter(([, scans]) => scans > 0));
      if (counts.size > 0) await addUsage(tx, counts);
    },
  };
}
