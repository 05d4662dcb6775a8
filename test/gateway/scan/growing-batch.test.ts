/** A batch that grows by several calls: what cannot be scanned is told, and the others go on. */

import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, countOf, sha256, submit } from "./submitting.js";

const TEXTS = ["one of many", "two of many", "three of many"];
const SAMPLES = TEXTS.map((text, i) => ({ sha256: sha256(text), name: `${i}.exe` }));
const UNKNOWN = { sha256: sha256("never sent"), name: "unknown.exe" };

const ADD = `mutation ($input: SubmitScansInput!) { submitScans(input: $input) {
  __typename
  ... on SubmitScansSuccess { replayed refused { __typename code path message } batch { batchId total revision counts { open } scans(first: 100) { nodes { scanId name } } } }
  ... on UserError { code path message } } }`;

const CREATE = `mutation ($key: String) { createBatch(idempotencyKey: $key) {
  __typename ... on CreateBatchSuccess { replayed batch { batchId total counts { open final } } } ... on UserError { code } } }`;

interface Added {
  readonly __typename: string;
  readonly replayed: boolean;
  readonly code: string;
  readonly path: string[];
  readonly refused: object[];
  readonly batch: { batchId: number; total: number; revision: number; scans: { nodes: { scanId: number; name: string }[] } };
}

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const other = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha"), engine("Pdf", { accepts: ["application/pdf"] })]);

beforeAll(async () => {
  for (const text of TEXTS) await submit(gateway.url, { base64: base64(text) });
});

const create = async (key?: string) => (await data<{ createBatch: Added }>(gateway.url, CREATE, { key })).createBatch;
const add = async (input: object, { url }: { readonly url: string } = gateway) =>
  (await data<{ submitScans: Added }>(url, ADD, { input })).submitScans;

describe("a batch that grows", () => {
  it("is created empty, and takes samples by several calls", async () => {
    const { __typename, batch } = await create();
    expect({ __typename, batch }).toMatchObject({
      __typename: "CreateBatchSuccess",
      batch: { total: 0, counts: { open: 0, final: 0 } },
    });
    const { batchId } = batch;
    const first = await add({ batch: batchId, samples: SAMPLES.slice(0, 2), engines: ["Alpha"] });
    expect(first).toMatchObject({ replayed: false, refused: [], batch: { batchId, total: 2, counts: { open: 2 } } });
    const second = await add({ batch: batchId, samples: SAMPLES.slice(2) }, other);
    expect(second.batch).toMatchObject({ total: 3 });
    expect(second.batch.scans.nodes.map(({ name }) => name)).toEqual(["0.exe", "1.exe", "2.exe"]);
    expect(second.batch.revision).toBeGreaterThan(first.batch.revision);
    const events = await stage.db
      .selectFrom("audit_events")
      .select(["action", "details"])
      .where("subject", "=", String(batchId))
      .where("action", "in", ["createBatch", "submitScans"])
      .orderBy("id")
      .execute();
    expect(events).toMatchObject([{ action: "createBatch" }, { details: { scans: 2 } }, { details: { scans: 1 } }]);
  });

  it("tells each sample that cannot be scanned, and the others go on", async () => {
    const { batchId } = (await create()).batch;
    const long = { ...SAMPLES[0], name: "x".repeat(1_025) };
    const input = { batch: batchId, samples: [UNKNOWN, SAMPLES[0], { uploadId: "none" }, long, SAMPLES[1]] };
    const { refused, batch } = await add(input);
    expect(refused).toMatchObject([
      { __typename: "SampleUnavailable", path: ["input", "samples", "0", "sha256"] },
      { code: "NOT_FOUND", path: ["input", "samples", "2", "uploadId"] },
      { code: "BAD_INPUT", path: ["input", "samples", "3", "name"] },
    ]);
    expect(batch.scans.nodes.map(({ name }) => name)).toEqual(["0.exe", "1.exe"]);
    expect(await add({ batch: batchId, samples: [UNKNOWN] })).toMatchObject({ refused: [{}], batch: { total: 2 } });
    expect(await add({ samples: input.samples.slice(0, 2) })).toMatchObject({ __typename: "SamplesRefused" });
  });

  it("is added to once by calls with the same key, also by those at the same time", async () => {
    const { batchId } = (await create()).batch;
    const input = { batch: batchId, samples: [SAMPLES[0], UNKNOWN, SAMPLES[1]], idempotencyKey: "grows once" };
    const answers = await Promise.all([gateway, other, gateway, other].map((to) => add(input, to)));
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(answers.map(({ batch }) => batch.batchId)).toEqual(Array(4).fill(batchId));
    expect(await add(input)).toMatchObject({ replayed: true, refused: [], batch: { total: 2 } });
    const conflict = await add({ ...input, batch: (await create()).batch.batchId });
    expect(conflict).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  it("has a limit, which calls at the same time cannot exceed", async () => {
    const { batchId } = (await create()).batch;
    await sql`update batches set total = 9998 where id = ${batchId}`.execute(stage.db);
    const input = { batch: batchId, samples: SAMPLES.slice(0, 2) };
    expect(await add({ batch: batchId, samples: SAMPLES })).toMatchObject({ code: "BAD_INPUT", path: ["input", "batch"] });
    const before = await countOf(stage, "scans");
    const answers = await Promise.all([add(input), add(input, other)]);
    expect(answers.map(({ __typename }) => __typename)).toContain("SubmitScansSuccess");
    expect(await countOf(stage, "scans")).toBe(before + 2);
    expect(await add({ batch: 999_999, samples: SAMPLES })).toMatchObject({ code: "BAD_INPUT", path: ["input", "batch"] });
  });

  it("is watched while it grows", async () => {
    const { batchId } = (await create()).batch;
    const seen: number[] = [];
    const watch = gateway.context.watchers.batches.watch(batchId, { beyondLast: true });
    const reading = (async () => {
      for await (const { total } of watch) seen.push(total);
    })();
    await until("it is seen empty", () => seen.includes(0));
    await add({ batch: batchId, samples: SAMPLES.slice(0, 1) });
    await until("it is seen to grow", () => seen.includes(1));
    await watch.return();
    await reading;
    expect(seen).toEqual([0, 1]);
  });

  it("is created once by calls with the same key", async () => {
    const first = await create("created once");
    const batches = await countOf(stage, "batches");
    expect(await create("created once")).toMatchObject({ replayed: true, batch: { batchId: first.batch.batchId } });
    expect(await countOf(stage, "batches")).toBe(batches);
    await add({ samples: SAMPLES, idempotencyKey: "of a batch" });
    expect(await create("of a batch")).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });
});
