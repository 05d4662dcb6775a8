import type { Logger } from "pino";
import type { Scope } from "../../schema/scopes.js";
import { batched } from "../batches/batch.js";
import type { CallerKey } from "../caller.js";
import { writeKeyUse, readUsableKeys, type UsableKey } from "../db/api-keys.js";
import type { Database } from "../db/database.js";
import { DatabaseAway, GatewayError } from "../errors.js";
import { isSecretOf, parseKeyText } from "./key-text.js";
import { tokenBucket, type TokenBucket } from "./token-bucket.js";

/** A valid API key. */
export interface KnownKey extends CallerKey {
  readonly scopes: readonly Scope[];
}

/**
 * The keys used by callers of this gateway, in memory. They are read from Postgres again every two seconds, and at once when another
 * gateway hints that one was revoked.
 */
export interface Keyring {
  /** The key with this text. Throws UNAUTHENTICATED. */
  recognise(text: string): Promise<KnownKey>;
  /** Counts a request of a key. Throws UNAUTHENTICATED if the key is no longer valid, RATE_LIMITED if it exceeds its rate. */
  admit(keyId: string): void;
  /** Counts the further work of an admitted request as if it were separate requests. */
  charge(keyId: string, more: number): void;
  /** Calls `end` when the key becomes invalid, unless the returned function was called before. */
  hold(keyId: string, end: () => void): () => void;
  /** Checks with Postgres which keys are still valid. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

const REFRESH_MS = 2_000;
/** How many ids of unknown keys are remembered. */
const MOST_UNKNOWN = 10_000;
/** The shortest time between two writes of a key's last use. */
const WRITE_USE_MS = 60_000;

interface Entry {
  key: UsableKey;
  readonly bucket: TokenBucket | undefined;
  readonly holders: Set<() => void>;
  usedAt: number | undefined;
}

export function createKeyring(db: Database, log: Logger): Keyring {
  const entries = new Map<string, Entry>();
  /** Ids without a usable key, so that guessing costs the database little. Cleared with every refresh. */
  const unknown = new Set<string>();
  const readKey = batched(
    async (ids: string[]) => {
      const usable = new Map((await readUsableKeys(db, [...new Set(ids)])).map((key) => [key.id, key]));
      return ids.map((id) => usable.get(id));
    },
    { size: 100, parallel: 2 },
  );
  let refreshing: Promise<void> | undefined;
  let again = false;

  async function find(id: string): Promise<Entry | undefined> {
    const known = entries.get(id);
    if (known) return known;
    if (unknown.has(id)) return undefined;
    const key = await readKey(id);
    if (!key) {
      if (unknown.size < MOST_UNKNOWN) unknown.add(id);
      return undefined;
    }
    const entry: Entry = entries.get(id) ?? {
      key,
      bucket: key.rate === null ? undefined : tokenBucket(key.rate),
      holders: new Set(),
      usedAt: undefined,
    };
    entries.set(id, entry);
    return entry;
  }

  async function reread(): Promise<void> {
    const ids = [...entries.keys()];
    if (ids.length === 0) return;
    const usable = new Map((await readUsableKeys(db, ids)).map((key) => [key.id, key]));
    for (const id of ids) {
      const key = usable.get(id);
      const entry = entries.get(id);
      if (!entry) continue;
      if (key) entry.key = key;
      else {
        entries.delete(id);
        for (const end of entry.holders) end();
      }
    }
    await writeLastUse();
  }

  async function writeLastUse(): Promise<void> {
    const used = [...entries.values()].filter(
      ({ usedAt, key }) => usedAt !== undefined && usedAt - (key.lastUsedAt?.getTime() ?? 0) > WRITE_USE_MS,
    );
    if (used.length === 0) return;
    await writeKeyUse(
      db,
      used.map(({ key }) => key.id),
    );
    for (const entry of used) entry.usedAt = undefined;
  }

  /** A call during a refresh triggers another one, because the running one may have read too early. */
  function refresh(): Promise<void> {
    if (refreshing) again = true;
    refreshing ??= (async () => {
      try {
        do {
          again = false;
          await reread();
        } while (again);
      } finally {
        refreshing = undefined;
      }
    })();
    return refreshing;
  }

  const timer = setInterval(() => {
    unknown.clear();
    refresh().catch((error: unknown) => {
      if (!(error instanceof DatabaseAway)) log.warn({ err: error }, "cannot read the API keys; retrying");
    });
  }, REFRESH_MS);

  return {
    refresh,
    async recognise(text) {
      const parts = parseKeyText(text);
      const entry = parts && (await find(parts.id));
      if (!entry || !isSecretOf(parts.secret, entry.key.hash)) throw invalidKey();
      const { id, name, scopes, dailyScans } = entry.key;
      return { id, name, scopes, dailyScans };
    },
    admit(keyId) {
      const entry = entries.get(keyId);
      if (!entry) throw invalidKey();
      const wait = entry.bucket?.take();
      if (wait !== undefined) {
        const message = `the key ${entry.key.name} may do ${entry.key.rate} requests a second`;
        throw new GatewayError("RATE_LIMITED", message, { retryAfter: Math.ceil(wait) });
      }
      entry.usedAt = Date.now();
    },
    charge(keyId, more) {
      entries.get(keyId)?.bucket?.charge(more);
    },
    hold(keyId, end) {
      const entry = entries.get(keyId);
      if (!entry) {
        end();
        return () => {};
      }
      entry.holders.add(end);
      return () => entry.holders.delete(end);
    },
    async stop() {
      clearInterval(timer);
      // The caller that started it handles its failure.
      await Promise.allSettled([refreshing]);
    },
  };
}

function invalidKey(): GatewayError {
  return new GatewayError("UNAUTHENTICATED", "this API key is not known, was revoked or has expired");
}
