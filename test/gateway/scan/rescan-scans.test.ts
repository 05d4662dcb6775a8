/** Many scans again by one call: one batch, and each that cannot be repeated is told. */

import { beforeAll, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, countOf, sha256, submit } from "./submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW" })]);

const AGAIN = `mutation ($input: RescanScansInput!) { rescanScans(input: $input) {
  __typename
  ... on RescanScansSuccess {
    replayed more refused { scanId error { code path message } }
    batch { batchId total scans(first: 100) { nodes { scanId name speed priority stopAfter labels { key value } previous { scanId } results { engine } } } }
  }
  ... on UserError { code path message } } }`;

interface Again {
  readonly __typename: string;
  readonly replayed: boolean;
  readonly more: boolean;
  readonly code: string;
  readonly refused: { scanId: number; error: { code: string } }[];
  readonly batch: { batchId: number; total: number; scans: { nodes: { scanId: number; previous: { scanId: number } }[] } } | null;
}

const again = async (input: object) => (await data<{ rescanScans: Again }>(gateway.url, AGAIN, { input })).rescanScans;

const ids: number[] = [];
beforeAll(async () => {
  const options = [
    { speed: "FAST", labels: [{ key: "case", value: "7" }], name: "fast.exe" },
    { engines: ["Beta"], stopAfter: 2, name: "beta.exe" },
    { name: "gone.exe" },
  ];
  for (const one of options) ids.push((await submit(gateway.url, { base64: base64(one.name), ...one })).scan.scanId);
  const lost = { blob: null, isolated_chunks: null };
  await stage.db.updateTable("samples").set(lost).where("sha256", "=", sha256("gone.exe")).execute();
});

describe("rescanScans", () => {
  it("repeats each with its own options, and tells those that it cannot", async () => {
    const { batch, refused, more, replayed } = await again({ ids: [...ids, 999_999, ids[0]] });
    expect({ more, replayed }).toEqual({ more: false, replayed: false });
    expect(batch?.scans.nodes).toMatchObject([
      {
        name: "fast.exe",
        speed: "FAST",
        priority: "BULK",
        labels: [{ key: "case", value: "7" }],
        results: [{ engine: "Alpha" }],
      },
      { name: "beta.exe", speed: "ALL", priority: "BULK", stopAfter: 2, results: [{ engine: "Beta" }] },
    ]);
    expect(batch?.scans.nodes.map(({ previous }) => previous.scanId)).toEqual(ids.slice(0, 2));
    expect(refused).toMatchObject([
      { scanId: ids[2], error: { code: "SAMPLE_NOT_STORED" } },
      { scanId: 999_999, error: { code: "NOT_FOUND" } },
    ]);
    const events = await stage.db
      .selectFrom("audit_events")
      .select(["action", "details"])
      .where("action", "in", ["rescanScans", "rescan"])
      .orderBy("id")
      .execute();
    expect(events).toMatchObject([
      { action: "rescanScans", details: { scans: 2 } },
      { action: "rescan", details: { previous: ids[0], batch: batch?.batchId } },
      { action: "rescan", details: { previous: ids[1] } },
    ]);
  });

  it("goes on without one that names an engine that is gone", async () => {
    const skipped = JSON.stringify([
      { engine: "Alpha", reason: "NOT_SELECTED" },
      { engine: "Forgotten", reason: "UNHEALTHY" },
    ]);
    await stage.db
      .updateTable("scans")
      .set({ skipped })
      .where("id", "=", ids[1] ?? 0)
      .execute();
    const { batch, refused } = await again({ ids: ids.slice(0, 2), priority: "NORMAL" });
    expect(batch?.total).toBe(1);
    expect(refused).toMatchObject([{ scanId: ids[1], error: { code: "BAD_INPUT" } }]);
  });

  it("repeats the newest of a filter, and says whether there are more", async () => {
    const { batch, more } = await again({ filter: { names: ["fast.exe"], labels: [{ key: "case" }] }, priority: "NORMAL" });
    expect(more).toBe(false);
    expect(batch?.scans.nodes[0]).toMatchObject({ name: "fast.exe", priority: "NORMAL" });
    const last = ids[0] ?? 0;
    for (let n = 0; n < 2; n++) await again({ ids: [last] });
    for (let total = 2; total <= 101; total *= 2) await again({ filter: { names: ["fast.exe"] } });
    const full = await again({ filter: { names: ["fast.exe"] } });
    expect(full).toMatchObject({ more: true, batch: { total: 100 } });
    expect(await again({ filter: { names: ["nobody"] } })).toMatchObject({ batch: null, refused: [], more: false });
  });

  it("repeats once for one idempotency key", async () => {
    const input = { ids: ids.slice(0, 1), idempotencyKey: "again once" };
    const answers = await Promise.all([again(input), again(input), again(input)]);
    expect(new Set(answers.map(({ batch }) => batch?.batchId)).size).toBe(1);
    expect(await again({ ...input, priority: "NORMAL" })).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  it.each([
    ["neither", {}],
    ["both", { ids: [1], filter: {} }],
    ["no scan", { ids: [] }],
    ["more than one call may name", { ids: Array.from({ length: 101 }, (_, n) => n + 1) }],
    ["no number", { ids: [0] }],
  ])("refuses %s, and accepts nothing", async (_what, input) => {
    const before = await countOf(stage, "scans");
    expect(await again(input)).toMatchObject({ code: "BAD_INPUT" });
    expect(await countOf(stage, "scans")).toBe(before);
  });
});
