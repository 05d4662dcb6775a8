import { readCatalogue, type Catalogue } from "../db/catalogue.js";
import type { Database } from "../db/database.js";

/** The catalogue as last read. Decisions based on it must have Postgres check that it is still current, and renew it if not. */
export interface LastCatalogue {
  read(): Promise<Catalogue>;
  renew(): Promise<Catalogue>;
}

export function createLastCatalogue(db: Database): LastCatalogue {
  let last: Catalogue | undefined;
  const renew = async () => (last = await readCatalogue(db));
  return { read: async () => last ?? renew(), renew };
}
