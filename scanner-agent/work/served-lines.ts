/** What each engine of this agent serves of the mesh's bundles and is to serve: told in presences, and written down for the next start. */

import type { Logger } from "pino";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { BundleStore } from "../bundles/bundle-store.js";
import type { Provision } from "../bundles/provision.js";
import type { ServedByEngine } from "../bundles/served.js";
import type { Order, Step } from "./try-out.js";

/** The bundles of one engine. */
export interface Line {
  provision: Provision | null;
  /** It was served when the agent ran last, and the engine has not been tested with it since. */
  isUnproven: boolean;
  previous: ServedBundles;
  target: ServedBundles | null;
  told: Omit<EnginesBundles, "serving" | "target">;
  /** The order that is carried out. */
  order: Order | undefined;
  ending: AbortController | undefined;
  work: Promise<void>;
}

/** The bundles of all engines, by the token of each. */
export interface ServedLines {
  /** Of an engine that takes bundles; made if there is none. */
  of(token: string): Line;
  find(token: string): Line | undefined;
  all(): readonly Line[];
  /** What the presence says from now on of what is done. */
  tell(line: Line, step: Step): void;
  /**
   * Others of this host leave what is written down. On a full disk all goes on: what is here already, or the host's own, needs no room,
   * and what is served is so whether this works or not.
   */
  save(): Promise<void>;
}

export function createServedLines({
  store,
  onChange,
  log,
}: {
  readonly store: Pick<BundleStore, "writeServed">;
  readonly onChange: () => void;
  readonly log: Logger;
}): ServedLines {
  const lines = new Map<string, Line>();
  let saving: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const entries = [...lines].map(([token, line]) => {
      const { previous, target } = line;
      return [token, { serving: servingOf(line), previous, target }];
    });
    await store.writeServed(Object.fromEntries(entries) as ServedByEngine);
  }

  return {
    of(token) {
      const known = lines.get(token);
      if (known !== undefined) return known;
      const line: Line = {
        provision: null,
        isUnproven: false,
        previous: [],
        target: null,
        told: { state: "SERVING", reason: null, bytes: 0, total: 0, since: new Date().toISOString() },
        order: undefined,
        ending: undefined,
        work: Promise.resolve(),
      };
      lines.set(token, line);
      return line;
    },
    find: (token) => lines.get(token),
    all: () => [...lines.values()],
    tell(line, { state, reason }) {
      const since = state === line.told.state ? line.told.since : new Date().toISOString();
      line.told = { ...line.told, state, reason: reason?.slice(0, 1024) ?? null, since };
      onChange();
    },
    async save() {
      saving = saving.then(write, write);
      try {
        await saving;
      } catch (error) {
        log.error({ err: error }, "Cannot write down what engines serve and are to serve");
      }
    },
  };
}

/** What an engine serves now. */
export function servingOf({ provision }: Line): ServedBundles {
  return [...(provision?.bundles ?? [])];
}
