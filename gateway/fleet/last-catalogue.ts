import { readCatalogue, type Catalogue } from "../db/catalogue.js";
import type { Database } from "../db/database.js";

/** The catalogue as it was last read. Whoever decides by it has Postgres check that it is still the same, and renews it if not. */
export interface LastCatalogue {
  read(): Promise<Catalogue>;
  renew(): Promise<Catalogue>;
}

export function createLastCatalogue(db: Database): LastCatalogue {
  let last: Catalogue | undefined;
  const renew = async () => (last = await readCatalogue(db));
  return { read: async () => last ?? renew(), renew };
}
