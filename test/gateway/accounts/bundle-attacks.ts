/** What an agent tries at bundles. */

import { ALL_BUNDLE_READS, bundleReadSubject, bundleSubject } from "../../../schema/subjects.js";
import { ask, handled, service, type Attack } from "./attack.js";
import type { AttackedBus } from "./attacked-bus.js";

const [SHA256, OTHERS] = ["a".repeat(64), "b".repeat(64)] as const;
const FILE = bundleSubject(SHA256, 0);

/** The sequence of the one file's chunk; 0 without it or its stream. */
const bundlesOf = async ({ jsm }: AttackedBus) =>
  jsm.streams.getMessage("BUNDLES", { last_by_subj: FILE }).then(
    ({ seq }) => seq,
    () => 0,
  );

export const BUNDLE_ATTACKS: Readonly<Record<string, Attack>> = {
  "publishes or removes what is in a bundle": {
    async run(attacker, attacked) {
      await attacked.nc.request(FILE, "{}");
      const before = await bundlesOf(attacked);
      await ask(attacker, FILE, "a lie");
      const named = JSON.stringify({ seq: before });
      for (const verb of ["MSG.DELETE", "PURGE"]) await ask(attacker, `$JS.API.STREAM.${verb}.BUNDLES`, named);
      return (await bundlesOf(attacked)) === before ? 0 : 1;
    },
    loosened: { user: "gateway" },
  },
  "has a bundle written or removed by the answer to its read": {
    async run(attacker, attacked) {
      await attacked.nc.request(FILE, "{}");
      const before = await bundlesOf(attacked);
      for (const reply of [FILE, "$JS.API.STREAM.PURGE.BUNDLES"]) attacker.publish(bundleReadSubject(SHA256, 0), "", { reply });
      await handled(attacker);
      return (await bundlesOf(attacked)) === before ? 0 : 1;
    },
    // What agents can do that share the credentials of their class.
    loosened: { user: "agent" },
  },
  "reads bundles of the other class": {
    async run(attacker, { internet }) {
      await internet.nc.request(bundleSubject(OTHERS, 0), "secret");
      return (await ask(attacker, bundleReadSubject(OTHERS, 0)))?.data.length ?? 0;
    },
    loosened: { imports: ({ internet }) => [service("bundle", internet, ALL_BUNDLE_READS)] },
  },
};
