/** The keys that may sign bundles: the mesh's own, and those of other meshes that an operator trusts. */

import { keyFingerprint, readPublicKey } from "../../schema/bundle-signature.js";
import { storableText } from "../../schema/storable.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { deleteBundleKey, readBundleKeys, upsertBundleKey } from "../db/bundle-keys.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

/** A trusted key. */
export interface TrustedKey {
  readonly fingerprint: string;
  readonly publicKey: Buffer;
  readonly name: string;
  /** Whether it is this mesh's own. */
  readonly isOwn: boolean;
  /** Since when it is trusted; null: it is this mesh's own. */
  readonly createdAt: Date | null;
}

type Mesh = Pick<ScanContext, "db" | "bundleKey">;

const NAME_LENGTH = 100;
const OWN_NAME = "this mesh";

/** All of them, this mesh's own first. */
export async function readTrustedKeys({ db, bundleKey }: Mesh): Promise<TrustedKey[]> {
  const others = (await readBundleKeys(db)).filter(({ fingerprint }) => fingerprint !== bundleKey?.fingerprint);
  const own = bundleKey ? [{ ...bundleKey, name: OWN_NAME, isOwn: true, createdAt: null }] : [];
  return [...own, ...others.map((key) => ({ ...key, isOwn: false }))];
}

/** Trusts the key of another mesh. Throws BAD_INPUT. */
export async function trustKey(ctx: Mesh, caller: Caller, input: { publicKey: string; name: string }): Promise<TrustedKey> {
  const publicKey = readPublicKey(input.publicKey);
  if (publicKey === undefined) throw badInput("publicKey", "is no public key of Ed25519 (PEM, or its base64)");
  const name = input.name.trim();
  if (name === "" || storableText(name, NAME_LENGTH) !== name) throw badInput("name", `needs 1 to ${NAME_LENGTH} characters`);
  const fingerprint = keyFingerprint(publicKey);
  if (fingerprint === ctx.bundleKey?.fingerprint) throw badInput("publicKey", "is this mesh's own, which it trusts already");
  return ctx.db.transaction().execute(async (tx) => {
    await audit(tx, caller, "trustBundleKey", fingerprint, { name });
    return { ...(await upsertBundleKey(tx, { fingerprint, publicKey, name })), isOwn: false };
  });
}

/** Stops trusting a key. Bundles that were imported with it stay. Throws NOT_FOUND. */
export async function distrustKey(ctx: Mesh, caller: Caller, fingerprint: string): Promise<TrustedKey> {
  return ctx.db.transaction().execute(async (tx) => {
    const key = await deleteBundleKey(tx, fingerprint);
    if (!key) throw new GatewayError("NOT_FOUND", `no key ${fingerprint} is trusted`);
    await audit(tx, caller, "distrustBundleKey", fingerprint, { name: key.name });
    return { ...key, isOwn: false };
  });
}
