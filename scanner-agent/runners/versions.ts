import type { EngineVersions } from "../../schema/engine-versions.js";
import type { ImageIdentity } from "../../schema/image-identity.js";
import { NO_VERSIONS, type Instance } from "../contract.js";
import { shareLooks } from "./share-looks.js";
import { answerWithin } from "../within.js";

/** Follows the versions of an instance, which may change between two samples or during one. */
export interface FollowedVersions {
  /** The instance now: asked again if its state has changed since it was asked last. */
  current(): Promise<Instance>;
  /** The same, asked again in any case. */
  ask(): Promise<Instance>;
}

/** How versions are followed. */
export interface FollowOptions {
  /** A text that changes whenever the versions may have changed; null if that cannot be known. */
  readonly state: () => Promise<string | null>;
  /** Asks for them. Throws {@link Unavailable}. */
  readonly read: () => Promise<EngineVersions>;
  readonly image: ImageIdentity | null;
}

/** An instance that does not answer within this time is not there: a sample waits no longer for such a question. */
const ANSWER_MS = 60_000;

/** Nothing is asked yet. */
export function followVersions({ state, read, image }: FollowOptions, limitMs = ANSWER_MS): FollowedVersions {
  let known: { readonly state: string | null; readonly instance: Instance } | undefined;
  let asking: Promise<Instance> | undefined;

  async function readOnce(): Promise<Instance> {
    const before = await state();
    const versions = await read();
    const isCertain = before === (await state());
    if (known === undefined || !isSame(known.instance.versions, versions) || known.state !== before)
      known = { state: isCertain ? before : null, instance: instanceOf(versions) };
    return known.instance;
  }

  function ask(): Promise<Instance> {
    asking ??= answerWithin(limitMs, readOnce()).finally(() => (asking = undefined));
    return asking;
  }

  async function current(): Promise<Instance> {
    const now = await answerWithin(limitMs, state());
    return known === undefined || (now !== null && now !== known.state) ? ask() : known.instance;
  }

  function instanceOf(versions: EngineVersions): Instance {
    return {
      versions,
      image,
      isProgram: true,
      confirm: async () => (isSame((await current()).versions, versions) ? versions : NO_VERSIONS),
    };
  }

  return { current, ask };
}

/** How long a daemon is assumed to be unchanged. */
const RECENT_MS = 1_000;

/**
 * The versions of a daemon that may reload by itself: it is asked after each sample, and before it if the last answer is old. Throws {@link
 * Unavailable}.
 */
export async function followDaemon(read: () => Promise<EngineVersions>, image: ImageIdentity | null): Promise<FollowedVersions> {
  let instance = instanceOf(await read());
  let askedAt = performance.now();
  const ask = shareLooks(async () => {
    const versions = await read();
    askedAt = performance.now();
    if (!isSame(versions, instance.versions)) instance = instanceOf(versions);
    return instance;
  });

  function instanceOf(versions: EngineVersions): Instance {
    return { versions, image, confirm: async () => (isSame((await ask()).versions, versions) ? versions : NO_VERSIONS) };
  }

  return {
    ask,
    current: async () => (performance.now() - askedAt < RECENT_MS ? instance : await ask()),
  };
}

/** Whether two say the same. */
function isSame(one: EngineVersions, other: EngineVersions): boolean {
  return one.engine === other.engine && one.signatures === other.signatures && one.signatureDate === other.signatureDate;
}
