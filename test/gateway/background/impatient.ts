import { GATEWAY_LIMITS, openDatabase } from "../../../gateway/db/database.js";
import type { ScanContext } from "../../../gateway/scan/context.js";

/** Lets a gateway wait for locks no longer than a second while `work` lasts: its own ten would be most of a test's time. */
export async function whileImpatient(context: ScanContext, work: () => Promise<void>): Promise<void> {
  const { db } = context;
  const impatient = openDatabase(context.config.databaseUrl, () => {}, { limits: { ...GATEWAY_LIMITS, lockMs: 1_000 } });
  Object.assign(context, { db: impatient });
  try {
    await work();
  } finally {
    Object.assign(context, { db });
    await impatient.destroy();
  }
}
