import { runCancellable } from "../db/cancellable.js";
import type { Database } from "../db/database.js";
import type { ScanContext } from "./context.js";

/** Runs reads that may take long, on the connections for lists, and cancels them when the client goes away. Throws QUERY_TIMEOUT. */
export function readList<T>(
  { listDb, cancelDb }: Pick<ScanContext, "listDb" | "cancelDb">,
  signal: AbortSignal,
  read: (lists: Database) => Promise<T>,
): Promise<T> {
  return runCancellable({ db: listDb, canceller: cancelDb, signal }, read);
}
