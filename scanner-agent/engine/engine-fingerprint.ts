import type { Logger } from "pino";
import type { Manifest } from "../../schema/manifest.js";
import type { EngineVersions } from "../../schema/engine-versions.js";
import { ownVersion } from "../../schema/version.js";
import { reasonOf, type Outcome, type Runner } from "../contract.js";
import { fingerprintOf } from "../runners/fingerprint.js";
import { inspectorVersion } from "../inspect/inspector.js";
import { within } from "../within.js";
import { shareLooks } from "../runners/share-looks.js";

/** Files are ignored if looking at them takes longer than this. */
const LOOK_MS = 1_000;

/** What an engine's answers depend on besides the sample. */
export interface EngineFingerprint {
  /** The fingerprint of the last look; undefined: unknown. */
  last(): string | undefined;
  /** Looks at it again. */
  look(): Promise<void>;
  /** Runs a sample. A DONE answer has the fingerprint if nothing that it depends on has changed meanwhile. */
  during(run: () => Promise<Outcome>): Promise<Outcome>;
}

/** An engine of which the fingerprint is taken. */
export interface FingerprintedEngine {
  readonly manifest: Manifest;
  readonly log: Logger;
  /** How it runs now. */
  readonly current: () => { readonly runner: Runner | undefined; readonly versions: EngineVersions };
  /** The agent's own, which reads the engine's output, and the inspector's, which judges what an AV engine says. */
  readonly versions?: { readonly agent: string; readonly inspector: string };
}

/** Nothing has been looked at yet. */
export function createFingerprint({
  manifest,
  log,
  current,
  versions = { agent: ownVersion(), inspector: inspectorVersion() },
}: FingerprintedEngine): EngineFingerprint {
  const fixed = fingerprintOf([manifest, versions.agent, manifest.type === "AV" ? versions.inspector : null]);
  const lookAtUsed = shareLooks(async () => (await current().runner?.fingerprint?.()) ?? null);
  let last: string | undefined;
  let logged = "";

  async function read(): Promise<string | undefined> {
    // Look-ups in the internet may change at any time.
    if (manifest.internet) return undefined;
    try {
      const used = await within(LOOK_MS, lookAtUsed());
      logged = "";
      return used === null ? undefined : fingerprintOf([fixed, current().versions, used]);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== logged) log.warn({ reason }, "Cannot tell what the engine uses: its results are not taken over");
      logged = reason;
      return undefined;
    }
  }

  return {
    last: () => last,
    look: async () => void (last = await read()),
    async during(run) {
      const before = await read();
      const outcome = await run();
      if (before === undefined || outcome.state !== "DONE" || before !== (await read())) return outcome;
      return { ...outcome, fingerprint: before };
    },
  };
}
