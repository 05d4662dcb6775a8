import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import { JoinError } from "../../schema/join-errors.js";
import type { AgentConfig, JoinedAgent } from "../config.js";
import { hasCode, reasonOf } from "../contract.js";
import { readIdentity } from "./identity.js";
import { joinMesh, readToken } from "./join-mesh.js";
import { readValidity, renewIdentity } from "./renew.js";

/** Keeps an agent's user valid while it runs. */
export interface Membership {
  /** Waits until the user is valid: asks the gateway only if it is not, or soon will not be. Throws {@link JoinError}. */
  ready(): Promise<void>;
  /** Asks the gateway whether the agent is still let in, because NATS does not let it in. Throws {@link JoinError}. */
  check(): Promise<void>;
  stop(): void;
}

/** The share of its lifetime after which a user is renewed. */
const RENEW_AT = 2 / 3;
const RETRY_MS = { min: 1_000, max: 60_000 };
/** Codes that no waiting changes. */
const FINAL: ReadonlySet<string> = new Set(["AGENT_REVOKED", "AGENT_UNKNOWN", "AGENT_WAITING", "VERSION_UNSUPPORTED"]);

/** `onRefused` is told why the mesh does not let the agent in any more. */
export function keepMembership(
  config: AgentConfig,
  joined: JoinedAgent,
  log: Logger,
  onRefused: (error: JoinError) => void,
): Membership {
  const stopping = createAbortController();
  const { signal } = stopping;
  let renewing: Promise<void> | undefined;
  /** By this host's clock, which need not be the gateway's. */
  let renewedAt = -Infinity;

  /** One at a time. */
  function renew(): Promise<void> {
    // In whole seconds, as a user's times are: with one clock for both it is no later than the user.
    const askedAt = Math.floor(Date.now() / 1_000) * 1_000;
    renewing ??= renewOrJoin()
      .then(() => void (renewedAt = askedAt))
      .finally(() => (renewing = undefined));
    return renewing;
  }

  /** An agent that the mesh has forgotten joins again where it has a token. */
  async function renewOrJoin(): Promise<void> {
    const token = await readTokenFile(config.joinTokenFile);
    // A renewal may have brought another authority.
    const current = (await readIdentity(joined.folder)) ?? joined;
    try {
      await renewIdentity(current, token === undefined ? joined.gateway : readToken(token).gateway, { signal });
      log.info("Renewed the agent's user");
    } catch (error) {
      if (!(error instanceof JoinError) || error.code !== "AGENT_UNKNOWN" || token === undefined) throw error;
      log.warn("The mesh has forgotten this agent: joining again");
      await joinMesh(config, { token, say: (sentence) => log.warn(sentence), signal, patient: true });
    }
  }

  async function run(): Promise<void> {
    for (let logged = ""; !signal.aborted;) {
      const { from, until } = await readValidity(joined);
      const dueMs = Math.max(from, renewedAt) + (until - from) * RENEW_AT - Date.now();
      if (dueMs > 0) {
        await pause(Math.min(dueMs, 2 ** 31 - 1), undefined, { signal, ref: false });
        continue;
      }
      try {
        await renew();
        logged = "";
      } catch (error) {
        signal.throwIfAborted();
        if (isRefusal(error)) return onRefused(error);
        const reason = reasonOf(error);
        if (reason !== logged) log.warn({ reason }, `Cannot renew the agent's user (${reason}); retrying`);
        logged = reason;
        const retryMs = Math.min(Math.max((until - from) / 30, RETRY_MS.min), RETRY_MS.max);
        await pause(retryMs, undefined, { signal, ref: false });
      }
    }
  }

  return {
    async ready() {
      const { until } = await readValidity(joined);
      for (let logged = ""; until < Date.now();) {
        try {
          await renew();
          break;
        } catch (error) {
          signal.throwIfAborted();
          if (isRefusal(error)) throw error;
          const reason = reasonOf(error);
          if (reason !== logged) log.warn({ reason }, `The agent's user has expired and cannot be renewed (${reason}); retrying`);
          logged = reason;
          await pause(RETRY_MS.min, undefined, { signal });
        }
      }
      run().catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error }, "The agent's user is not renewed any more");
      });
    },
    async check() {
      try {
        await renew();
      } catch (error) {
        if (isRefusal(error)) throw error;
        log.debug({ err: error }, "Cannot ask the gateway whether the agent is still let in");
      }
    },
    stop: () => stopping.abort(),
  };
}

/** The text in a file with a token; undefined without one. */
export async function readTokenFile(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await readFile(file, "utf8")).trim() || undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown): error is JoinError {
  return error instanceof JoinError && FINAL.has(error.code);
}
