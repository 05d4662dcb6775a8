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

/** Postgres is away after its first answer. */
function awayAfterOne(): KyselyPlugin {
  let answers = 0;
  return {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      answers += 1;
      if (answers > 1) throw new DatabaseAway(new Error("for a test"));
      return result;
    },
  };
}

it.each([
  ["the next one with its idempotency key", "one key", { idempotencyKey: "one key" }],
  ["a refused one with another key", "a key", { idempotencyKey: "another key", engines: ["Nobody"] }],
])("an accepted request stays accepted when Postgres is lost before %s is answered", async (_what, idempotencyKey, second) => {
  await submit(gateway.url, { base64: base64("together") });
  const sample = { kind: "stored", sample: await findStoredSample(gateway.context, sha256("together")) } as const;
  const request = (options: Partial<AcceptRequest["options"]>): AcceptRequest => ({
    caller: openCaller("here", "together"),
    kind: "scan",
    options: { speed: "ALL", internet: false, ...options },
    samples: [{ sample, name: "a" }],
  });
  const before = await countOf(stage, "scans");
  const db = gateway.context.db.withPlugin(awayAfterOne());
  const answers = await acceptAll({ ...gateway.context, db }, [request({ idempotencyKey }), request(second)]);
  expect(answers).toEqual([expect.objectContaining({ replayed: false }), expect.any(DatabaseAway)]);
  expect(await countOf(stage, "scans")).toBe(before + 1);
});
