import { setupId, type EngineSetup } from "../../schema/engine-setup.js";
import type { Manifest } from "../../schema/manifest.js";
import { ownVersion } from "../../schema/version.js";
import type { Runner } from "../contract.js";

/** How an engine is run, as its presence says it, and the id by which results name that. */
export interface NamedSetup {
  readonly setup: EngineSetup;
  readonly id: string;
}

/** Returns a function that tells how an engine is run now; the id is made only when that has changed. */
export function createSetup(manifest: Manifest, current: () => Runner | undefined): () => NamedSetup {
  let last: (NamedSetup & { readonly of: Runner | undefined }) | undefined;
  return () => {
    const of = current();
    const runner = of?.description ?? "none";
    if (last === undefined || last.of !== of || last.setup.runner !== runner) {
      const { updatedBy = null, limits = {}, bundles = [] } = of?.setup ?? {};
      const served = bundles.length > 0 ? { bundles } : {};
      const all = { timeout: manifest.timeout, ...limits };
      const setup = { runner, agentVersion: ownVersion(), updatedBy, limits: all, ...served };
      last = { setup, id: setupId(setup), of };
    }
    return last;
  };
}
