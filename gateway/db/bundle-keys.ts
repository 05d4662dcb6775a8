import type { Database, Tx } from "./database.js";

/** The key of another mesh whose bundles are trusted. */
export interface BundleKeyRecord {
  /** `SHA256:…` */
  readonly fingerprint: string;
  readonly publicKey: Buffer;
  readonly name: string;
  readonly createdAt: Date;
}

const columns = ["fingerprint", "public_key as publicKey", "name", "created_at as createdAt"] as const;

export async function readBundleKeys(db: Database | Tx): Promise<BundleKeyRecord[]> {
  return db.selectFrom("bundle_keys").select(columns).orderBy("created_at").orderBy("fingerprint").execute();
}

/** Inserts a key; an existing one is renamed. */
export async function upsertBundleKey(tx: Tx, { fingerprint, publicKey, name }: Omit<BundleKeyRecord, "createdAt">) {
  return tx
    .insertInto("bundle_keys")
    .values({ fingerprint, public_key: publicKey, name })
    .onConflict((conflict) => conflict.column("fingerprint").doUpdateSet({ name }))
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Deletes a key and returns it; undefined if there was none. */
export async function deleteBundleKey(tx: Tx, fingerprint: string): Promise<BundleKeyRecord | undefined> {
  return tx.deleteFrom("bundle_keys").where("fingerprint", "=", fingerprint).returning(columns).executeTakeFirst();
}
