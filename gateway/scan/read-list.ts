import { runCancellable } from "../db/cancellable.js";
import type { Database } from "../db/database.js";
import type { ScanContext } from "./context.js";

/** Reads what may take long: by the connections of lists, and no longer than somebody waits for it. Throws QUERY_TIMEOUT. */
export function readList<T>(
  { listDb, cancelDb }: Pick<ScanContext, "listDb" | "cancelDb">,
  signal: AbortSignal,
  read: (lists: Database) => Promise<T>,
): Promise<T> {
  return runCancellable({ db: listDb, canceller: cancelDb, signal }, read);
}
