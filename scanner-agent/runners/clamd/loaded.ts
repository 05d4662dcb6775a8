import type { Logger } from "pino";
import { ignoredRevision } from "../../../schema/suppressed.js";
import { Unavailable } from "../../contract.js";
import { findSignatures, REFUSED_MS, type Signatures } from "./database.js";

/** The signatures that a clamd has loaded. */
export interface LoadedSignatures {
  /** Which they are; null if uncertain: a reload is under way, or files changed while they were loaded. */
  state(): string | null;
  /** Looks at their folder, and begins to load what is new there once it is written. */
  follow(): Promise<void>;
  /** The signatures that it was told to ignore when it loaded them. */
  ignored(): readonly string[];
  /** Loads them again with what is to be ignored now, once no other load is under way. */
  applyIgnored(): Promise<void>;
  /** What is wrong with the folder, and with what clamd could not load of it; a sentence each. */
  warnings(): readonly string[];
}

/** How signatures are loaded. */
export interface LoadOptions {
  /** Loads others while those before serve on; why it could not, or null, once clamd says so. Throws {@link Unavailable}. */
  readonly load: (signatures: Signatures) => Promise<string | null>;
  readonly log: Logger;
  /** The signatures that it should ignore now; default: none. */
  readonly ignored?: () => readonly string[];
  /** After how long it is told that they are not loaded yet. */
  readonly slowMs?: number;
}

const SLOW_MS = 180_000;

/** Follows the folder of the signatures that a clamd was started with. */
export function followSignatures(
  first: Signatures,
  { load, log, ignored = () => [], slowMs = SLOW_MS }: LoadOptions,
): LoadedSignatures {
  let loaded = first;
  let seen = first.state;
  let loading: Promise<void> | undefined;
  /** Whether no file changed while clamd loaded them; undefined: not checked yet. */
  let isCertain: boolean | undefined;
  let refused: { readonly state: string; readonly at: number; readonly warning: string } | undefined;
  let unread = first.warnings;

  async function look(): Promise<Signatures | undefined> {
    try {
      const now = await findSignatures(first.folder, first.fixed);
      unread = now.warnings;
      return { ...now, ignored: ignored() };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      unread = [`${error.message}; what was loaded before stays in use`];
      return undefined;
    }
  }

  function isToBeTried(next: Signatures, isWritten: boolean): boolean {
    const state = stateOf(next);
    if (loading || state === stateOf(loaded) || !isWritten) return false;
    return refused?.state !== state || performance.now() - refused.at > REFUSED_MS;
  }

  /** No other load begins before clamd says how this one ended: it would change files that clamd still reads. */
  function tryLoading(next: Signatures): Promise<void> {
    loading = tryOnce(next).finally(() => (loading = undefined));
    return loading;
  }

  async function tryOnce(next: Signatures): Promise<void> {
    const tellSlow = setTimeout(() => refuse(next, `they were not loaded within ${slowMs / 1000} s`), slowMs).unref();
    try {
      const error = await load(next).finally(() => clearTimeout(tellSlow));
      if (error === null) {
        [loaded, refused, isCertain] = [next, undefined, undefined];
        checkLoaded(await look());
        log.info({ newest: next.newest }, "ClamAV has loaded new signatures");
      } else {
        refuse(next, error);
      }
    } catch (error) {
      // It may still load them.
      isCertain = false;
      log.warn({ err: error }, "ClamAV was not given its new signatures");
    }
  }

  function refuse(next: Signatures, why: string): void {
    const state = stateOf(next);
    const warning = `ClamAV keeps serving its old signatures; it would not start again: ${why}`;
    refused = { state, at: performance.now(), warning };
  }

  function checkLoaded(now: Signatures | undefined): void {
    if (now !== undefined) isCertain ??= now.state === loaded.state;
  }

  return {
    state: () => (loading || isCertain !== true ? null : stateOf(loaded)),
    ignored: () => loaded.ignored ?? [],
    async applyIgnored() {
      while (loading) await loading;
      const now = await look();
      if (now === undefined) return;
      const isWritten = now.state === loaded.state || now.state === seen;
      seen = now.state;
      if (isToBeTried(now, isWritten)) await tryLoading(now);
    },
    async follow() {
      const now = await look();
      if (!loading) checkLoaded(now);
      if (now === undefined) return;
      const isWritten = now.state === seen;
      seen = now.state;
      if (stateOf(now) === stateOf(loaded)) refused = undefined;
      else if (isToBeTried(now, isWritten)) void tryLoading(now);
    },
    warnings: () => [...unread, ...(refused === undefined ? [] : [refused.warning])],
  };
}

function stateOf({ state, ignored = [] }: Signatures): string {
  return ignored.length === 0 ? state : `${state}\nignored ${ignoredRevision(ignored)}`;
}
