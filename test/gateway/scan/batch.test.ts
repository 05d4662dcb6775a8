import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data, graphql } from "../http/http-client.js";
import { base64, countOf, sha256, submit, submitAll } from "./submitting.js";

const TEXTS = ["first of a batch", "second of a batch", "third of a batch"];
const SAMPLES = TEXTS.map((text, i) => ({ sha256: sha256(text), name: `${i}.exe` }));

const BATCH = `query Batch($id: SafeInt!, $first: Int! = 25, $after: String) {
  batch(id: $id) {
    id batchId total revision createdAt counts { open final infected suspicious clean inconclusive }
    scans(first: $first, after: $after) { nodes { scanId name batch { batchId revision } } pageInfo { hasNextPage endCursor } }
  }
}`;

interface Shown {
  readonly id: string;
  readonly total: number;
  readonly revision: number;
  readonly counts: object;
  readonly scans: { nodes: { scanId: number; name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
}

const batchOf = async (id: number, page: object = {}) =>
  (await data<{ batch: Shown | null }>(other.url, BATCH, { id, ...page })).batch;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const other = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Pdf", { accepts: ["application/pdf"] })]);

beforeAll(async () => {
  for (const text of TEXTS) await submit(gateway.url, { base64: base64(text) });
});

let before: number[];
const counts = async () => [await countOf(stage, "scans"), await countOf(stage, "batches")];
beforeEach(async () => {
  before = await counts();
});

describe("submitScans", () => {
  it("makes a scan of each sample, with the options of all", async () => {
    const labels = [{ key: "case", value: "7" }];
    const { __typename, batch } = await submitAll(gateway.url, {
      samples: SAMPLES,
      engines: ["alpha"],
      priority: "BULK",
      labels,
    });
    expect(__typename).toBe("SubmitScansSuccess");
    expect(batch).toMatchObject({ total: 3 });
    expect(batch.scans.nodes).toMatchObject(
      SAMPLES.map(({ name }) => ({ name, labels, priority: "BULK", total: 1, batch: { batchId: batch.batchId } })),
    );
    const audited = await stage.db.selectFrom("audit_events").selectAll().where("action", "=", "submitScans").execute();
    expect(audited).toMatchObject([{ subject: String(batch.batchId), details: { scans: 3 } }]);
    const each = await stage.db
      .selectFrom("audit_events")
      .selectAll()
      .where("action", "=", "submitScan")
      .where("request_id", "=", audited[0]?.request_id ?? "")
      .orderBy("id")
      .execute();
    expect(each.map(({ subject, details }) => ({ subject, details }))).toEqual(
      batch.scans.nodes.map(({ scanId }, i) => ({
        subject: String(scanId),
        details: { name: SAMPLES[i]?.name, sha256: SAMPLES[i]?.sha256, batch: batch.batchId },
      })),
    );
  });

  it("takes uploads too, and 100 samples at once", async () => {
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url } }",
    );
    await ask(createUpload.url, { method: "PUT", body: "by upload" });
    const samples = [...Array.from({ length: 99 }, () => ({ sha256: sha256(TEXTS[0] ?? "") })), { uploadId: createUpload.id }];
    const { batch } = await submitAll(gateway.url, { samples });
    expect(batch.total).toBe(100);
    expect(await countOf(stage, "scans")).toBe((before[0] ?? 0) + 100);
  });

  it("accepts all or nothing, and names every sample that it cannot scan", async () => {
    const samples = [SAMPLES[0], { sha256: sha256("never seen") }, SAMPLES[1], { uploadId: "nothing" }];
    expect(await submitAll(gateway.url, { samples })).toEqual({
      __typename: "SamplesRefused",
      code: "NOT_FOUND",
      message: "2 of 4 samples cannot be scanned; none was accepted",
      path: ["input", "samples"],
      errors: [
        {
          __typename: "SampleUnavailable",
          code: "NOT_FOUND",
          message: `no sample has the hash ${sha256("never seen")}`,
          path: ["input", "samples", "1", "sha256"],
        },
        {
          __typename: "SampleUnavailable",
          code: "NOT_FOUND",
          message: "there is no such upload",
          path: ["input", "samples", "3", "uploadId"],
        },
      ],
    });
    expect(await counts()).toEqual(before);
  });

  it("names the samples that no agent could scan now", async () => {
    await stage.db.updateTable("engines").set({ unhealthy: "for a test" }).where("name", "=", "Alpha").execute();
    const refused = await submitAll(gateway.url, { samples: SAMPLES });
    await stage.db.updateTable("engines").set({ unhealthy: null }).execute();
    expect(refused).toMatchObject({ __typename: "SamplesRefused", code: "UNAVAILABLE" });
    expect(refused.errors[0]?.message).toBe("no healthy agent runs an eligible engine (missing: Alpha)");
    expect(refused.errors.map(({ path }) => path.at(-1))).toEqual(["0", "1", "2"]);
    expect(await counts()).toEqual(before);
  });

  it("names every sample that is none", async () => {
    const samples = [{}, SAMPLES[0], { sha256: sha256("x"), uploadId: "y" }, { sha256: "abc" }];
    const wrong = (message: string, ...path: string[]) => ({ code: "BAD_INPUT", message, path: ["input", "samples", ...path] });
    expect(await submitAll(gateway.url, { samples })).toMatchObject({
      __typename: "SamplesRefused",
      code: "BAD_INPUT",
      message: "3 of 4 samples are malformed; none was accepted, and the others were not looked for",
      path: ["input", "samples"],
      errors: [
        wrong("samples.0: needs exactly one of sha256 and uploadId", "0"),
        wrong("samples.2: needs exactly one of sha256 and uploadId", "2"),
        wrong("samples.3.sha256: must be 64 hex digits", "3", "sha256"),
      ],
    });
    expect(await counts()).toEqual(before);
  });

  it.each([
    ["no sample", { samples: [] }, ["samples"]],
    ["101 samples", { samples: Array.from({ length: 101 }, () => SAMPLES[0]) }, ["samples"]],
    ["too long a name", { samples: [SAMPLES[0], { sha256: sha256("x"), name: "n".repeat(1_025) }] }, ["samples", "1", "name"]],
    ["an unknown engine", { samples: SAMPLES, engines: ["Nobody"] }, ["engines"]],
    ["too short a deadline", { samples: SAMPLES, deadline: 9 }, ["deadline"]],
  ])("refuses %s", async (_what, input, path) => {
    expect(await submitAll(gateway.url, input)).toMatchObject({
      __typename: "InvalidInput",
      code: "BAD_INPUT",
      path: ["input", ...path],
    });
    expect(await counts()).toEqual(before);
  });

  it("gives the first batch for the same idempotency key, of many at once through two gateways", async () => {
    const input = { samples: SAMPLES, idempotencyKey: "one batch" };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => submitAll(i % 2 === 0 ? gateway.url : other.url, input)),
    );
    expect(new Set(answers.map(({ batch }) => batch.batchId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await counts()).toEqual([(before[0] ?? 0) + 3, (before[1] ?? 0) + 1]);
    const turned = { ...input, samples: SAMPLES.toReversed() };
    expect(await submitAll(gateway.url, turned)).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    const alone = { ...SAMPLES[0], idempotencyKey: "one batch" };
    expect(await submit(gateway.url, alone)).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });
});

describe("a batch", () => {
  it("shows how far its scans are and what they say, with a revision that only rises", async () => {
    const { batch } = await submitAll(gateway.url, { samples: SAMPLES, engines: ["Alpha"] });
    const [first, second, third] = batch.scans.nodes.map(({ scanId }) => scanId) as [number, number, number];
    const fresh = await batchOf(batch.batchId);
    expect(fresh).toMatchObject({ total: 3, revision: 0, counts: { open: 3, final: 0, infected: 0, inconclusive: 0 } });
    await agent.answer("Alpha", { scan: first, verdict: "INFECTED", signature: "Bad" });
    await agent.answer("Alpha", { scan: second, verdict: "CLEAN" });
    const later = await until("two are final", async () => {
      const now = await batchOf(batch.batchId);
      return now?.revision === 2 ? now : undefined;
    });
    expect(later.counts).toEqual({ open: 1, final: 2, infected: 1, suspicious: 0, clean: 1, inconclusive: 0 });
    await stage.db.deleteFrom("scans").where("id", "in", [second, third]).execute();
    const left = await batchOf(batch.batchId);
    expect(left).toMatchObject({ total: 3, counts: { open: 0, final: 1, infected: 1, clean: 0 } });
    expect(left?.revision).toBeGreaterThan(2);
    expect(left?.scans.nodes.map(({ scanId }) => scanId)).toEqual([first]);
  });

  it("gives its scans a page at a time", async () => {
    const { batch } = await submitAll(gateway.url, { samples: SAMPLES });
    const head = await batchOf(batch.batchId, { first: 2 });
    expect(head?.scans).toMatchObject({ nodes: [{ name: "0.exe" }, { name: "1.exe" }], pageInfo: { hasNextPage: true } });
    const tail = await batchOf(batch.batchId, { first: 2, after: head?.scans.pageInfo.endCursor });
    expect(tail?.scans).toMatchObject({ nodes: [{ name: "2.exe" }], pageInfo: { hasNextPage: false } });
    const another = await submitAll(gateway.url, { samples: SAMPLES });
    const foreign = await graphql(
      gateway.url,
      "query($id: SafeInt!, $after: String) { batch(id: $id) { scans(after: $after) { nodes { name } } } }",
      { id: another.batch.batchId, after: head?.scans.pageInfo.endCursor },
    );
    expect(foreign.errors?.[0]?.message).toBe("after: is not a cursor of this list");
    const { node } = await data<{ node: object }>(
      other.url,
      "query Node($id: ID!) { node(id: $id) { __typename ... on Batch { batchId scans { totalCount } } } }",
      { id: head?.id },
    );
    expect(node).toEqual({ __typename: "Batch", batchId: batch.batchId, scans: { totalCount: 3 } });
  });

  it("is a filter of the list of scans", async () => {
    const { batch } = await submitAll(gateway.url, { samples: SAMPLES });
    const { scans } = await data<{ scans: object }>(
      gateway.url,
      "query($batch: SafeInt!) { scans(filter: { batch: $batch }) { totalCount nodes { scanId } } }",
      { batch: batch.batchId },
    );
    expect(scans).toEqual({ totalCount: 3, nodes: batch.scans.nodes.map(({ scanId }) => ({ scanId })).toReversed() });
  });

  it("is null when there is none, and an error when the number can be none", async () => {
    expect(await batchOf(999_999)).toBeNull();
    const { errors } = await graphql(gateway.url, "{ batch(id: 0) { total } }");
    expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" } }]);
  });
});
