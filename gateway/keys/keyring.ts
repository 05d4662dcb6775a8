import type { Logger } from "pino";
import type { Scope } from "../../schema/scopes.js";
import type { CallerKey } from "../caller.js";
import { noteKeyUse, readUsableKeys, type UsableKey } from "../db/api-keys.js";
import type { Database } from "../db/database.js";
import { DatabaseAway, GatewayError } from "../errors.js";
import { isSecretOf, readKeyText } from "./key-text.js";
import { tokenBucket, type TokenBucket } from "./token-bucket.js";

/** A key that was recognised. */
export interface KnownKey extends CallerKey {
  readonly scopes: readonly Scope[];
}

/**
 * The keys that callers of this gateway use. They are kept in memory and read again every two seconds, and at once when
 * another gateway says that one was revoked: Postgres is the truth, the hint is for speed.
 */
export interface Keyring {
  /** The key that a text is. Throws UNAUTHENTICATED. */
  recognise(text: string): Promise<KnownKey>;
  /** Lets a key do one more thing now. Throws UNAUTHENTICATED if it cannot be used any more, RATE_LIMITED if it does too much. */
  admit(keyId: string): void;
  /** Calls `end` when the key cannot be used any more, unless the returned function is called before. */
  hold(keyId: string, end: () => void): () => void;
  /** Asks Postgres which keys can still be used. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

const REFRESH_MS = 2_000;
/** A key's last use is written down this often at most. */
const NOTE_USE_MS = 60_000;

interface Entry {
  key: UsableKey;
  readonly bucket: TokenBucket | undefined;
  readonly holders: Set<() => void>;
  usedAt: number | undefined;
}

export function createKeyring(db: Database, log: Logger): Keyring {
  const entries = new Map<string, Entry>();
  let refreshing: Promise<void> | undefined;
  let again = false;

  async function find(id: string): Promise<Entry | undefined> {
    const known = entries.get(id);
    if (known) return known;
    const [key] = await readUsableKeys(db, [id]);
    if (!key) return undefined;
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
    await noteUse();
  }

  async function noteUse(): Promise<void> {
    const used = [...entries.values()].filter(
      ({ usedAt, key }) => usedAt !== undefined && usedAt - (key.lastUsedAt?.getTime() ?? 0) > NOTE_USE_MS,
    );
    if (used.length === 0) return;
    await noteKeyUse(
      db,
      used.map(({ key }) => key.id),
    );
    for (const entry of used) entry.usedAt = undefined;
  }

  /** What is asked while it is reading is answered by another reading: the first may have been too early. */
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
    refresh().catch((error: unknown) => {
      if (!(error instanceof DatabaseAway)) log.warn({ err: error }, "the keys cannot be read");
    });
  }, REFRESH_MS);

  return {
    refresh,
    async recognise(text) {
      const parts = readKeyText(text);
      const entry = parts && (await find(parts.id));
      if (!entry || !isSecretOf(parts.secret, entry.key.hash)) throw notUsable();
      const { id, name, scopes, dailyScans } = entry.key;
      return { id, name, scopes, dailyScans };
    },
    admit(keyId) {
      const entry = entries.get(keyId);
      if (!entry) throw notUsable();
      const wait = entry.bucket?.take();
      if (wait !== undefined) {
        const message = `the key ${entry.key.name} may do ${entry.key.rate} requests a second`;
        throw new GatewayError("RATE_LIMITED", message, { retryAfter: Math.ceil(wait) });
      }
      entry.usedAt = Date.now();
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
      // How it ended is for whoever began it.
      await Promise.allSettled([refreshing]);
    },
  };
}

function notUsable(): GatewayError {
  return new GatewayError("UNAUTHENTICATED", "this API key is not known, was revoked or has expired");
}
