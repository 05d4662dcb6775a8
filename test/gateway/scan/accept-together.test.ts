/** Requests that are accepted together: what goes wrong for some takes nothing from the others. */

import type { KyselyPlugin } from "kysely";
import { expect, it } from "vitest";
import { openCaller } from "../../../gateway/caller.js";
import { DatabaseAway } from "../../../gateway/errors.js";
import type { AcceptRequest } from "../../../gateway/scan/accept-request.js";
import { acceptAll } from "../../../gateway/scan/accept.js";
import { findStoredSample } from "../../../gateway/scan/store-sample.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, countOf, sha256, submit } from "./submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);

/** Postgres is away after so many answers. */
function awayAfter(most: number): KyselyPlugin {
  let answers = 0;
  return {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      answers += 1;
      if (answers > most) throw new DatabaseAway(new Error("for a test"));
      return result;
    },
  };
}

async function requests(...each: readonly Partial<AcceptRequest["options"]>[]): Promise<AcceptRequest[]> {
  await submit(gateway.url, { base64: base64("together") });
  const sample = { kind: "stored", sample: await findStoredSample(gateway.context, sha256("together")) } as const;
  return each.map((options) => ({
    caller: openCaller("here", "together"),
    kind: "scan",
    options: { speed: "ALL", internet: false, ...options },
    samples: [{ sample, name: "a" }],
  }));
}

it("those with one idempotency key are answered by one statement", async () => {
  const together = await requests({ idempotencyKey: "k" }, { idempotencyKey: "k" });
  const before = await countOf(stage, "scans");
  const db = gateway.context.db.withPlugin(awayAfter(1));
  const [first, second] = await acceptAll({ ...gateway.context, db }, together);
  expect(first).toMatchObject({ replayed: false });
  expect(second).toEqual({ ...first, replayed: true, samples: [] });
  expect(await countOf(stage, "scans")).toBe(before + 1);
});

it("what is accepted stays accepted when Postgres is lost before a refused one is answered", async () => {
  const together = await requests({ idempotencyKey: "a key" }, { idempotencyKey: "another key", engines: ["Nobody"] });
  const before = await countOf(stage, "scans");
  const db = gateway.context.db.withPlugin(awayAfter(1));
  const answers = await acceptAll({ ...gateway.context, db }, together);
  expect(answers).toEqual([expect.objectContaining({ replayed: false }), expect.any(DatabaseAway)]);
  expect(await countOf(stage, "scans")).toBe(before + 1);
});
