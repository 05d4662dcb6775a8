/** Engines that say nothing until they are told to: every event of a scan is made when the bench wants it. */

import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator } from "nats";
import { encodeMessage, type ResultMessage } from "../../schema/messages.js";
import { type EnginePresence } from "../../schema/presence.js";
import { SEALING } from "../../schema/sealed-chunks.js";
import { presenceSubject, resultSubject } from "../../schema/subjects.js";

const AGENT = "silent";
const NO_VERSIONS = { engine: "bench", signatures: null, signatureDate: null };

export interface SilentEngines {
  readonly names: readonly string[];
  /** An engine's answer for a scan; resolves once the bus has it. */
  answer(engine: string, scan: number): Promise<void>;
  stop(): Promise<void>;
}

export async function openSilentEngines(servers: string, credsFile: string, count: number): Promise<SilentEngines> {
  const nc = await connect({ servers, authenticator: credsAuthenticator(await readFile(credsFile)), noAsyncTraces: true });
  const names = Array.from({ length: count }, (_, i) => `silent-${i + 1}`);
  const engines = names.map((name): EnginePresence => ({
    name,
    type: "METADATA",
    speed: "ULTRA",
    internet: false,
    input: "hash",
    accepts: null,
    versions: NO_VERSIONS,
    image: null,
    slots: 1,
    busy: 0,
    runner: "bench",
    healthy: true,
    reason: null,
    testedAt: null,
    warnings: [],
  }));
  const presence = encodeMessage({
    v: 1,
    agent: AGENT,
    host: "bench",
    version: "bench",
    class: "isolated",
    startedAt: new Date().toISOString(),
    sealing: SEALING,
    heartbeatMs: 24 * 60 * 60 * 1_000,
    state: "READY",
    proofs: [],
    engines,
  });
  await nc.request(presenceSubject(AGENT), presence);
  return {
    names,
    async answer(engine, scan) {
      const result: ResultMessage = {
        v: 1,
        scan,
        agent: AGENT,
        state: "DONE",
        verdict: null,
        signature: null,
        error: null,
        versions: NO_VERSIONS,
        image: null,
        startedAt: new Date().toISOString(),
        durationMs: 1,
        details: { note: "what an engine of this kind would say" },
        truncated: false,
      };
      await nc.request(resultSubject(engine), encodeMessage(result), { timeout: 10_000 });
    },
    stop: () => nc.close(),
  };
}
