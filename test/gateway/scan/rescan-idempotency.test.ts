import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createApiKey } from "../../../gateway/scan/api-keys.js";
import { deleteScan } from "../../../gateway/scan/delete.js";
import { rescan, retryResult } from "../../../gateway/scan/rescan.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { TESTER, type LocalGateway } from "../../stage/stage.js";
import { data } from "../http/http-client.js";
import { countOf } from "./submitting.js";
import { startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

interface Answer {
  readonly __typename: string;
  readonly replayed: boolean;
  readonly scan: { readonly scanId: number; readonly previous: { readonly scanId: number } | null };
}

const CONFLICT = { __typename: "IdempotencyConflict", code: "IDEMPOTENCY_CONFLICT" };
const AT_ONCE = 20;

let here: WithdrawStage;
let other: LocalGateway;
let test = 0;
let key: string;
/** A final scan. */
let first: number;

beforeAll(async () => {
  here = await startWithdrawStage();
  other = await here.stage.gateway();
});
beforeEach(async () => {
  test += 1;
  key = `key of test ${test}`;
  first = await finalScan(`of test ${test}`);
});
afterAll(() => here.stop());

const answerOf = (type: string) => `__typename ... on ${type} { replayed scan { scanId previous { scanId } } }
  ... on UserError { code message path }`;
const again = async (gateway: LocalGateway, id: number, input: object) =>
  (
    await data<{ rescan: Answer }>(
      gateway.url,
      `mutation($id: SafeInt!, $input: RescanInput) { rescan(id: $id, input: $input) { ${answerOf("RescanSuccess")} } }`,
      { id, input },
    )
  ).rescan;
const retry = async (gateway: LocalGateway, id: number, engine: string) =>
  (
    await data<{ retryResult: Answer }>(
      gateway.url,
      `mutation($id: SafeInt!, $engine: String!, $key: String) {
        retryResult(id: $id, engine: $engine, idempotencyKey: $key) { ${answerOf("RetryResultSuccess")} }
      }`,
      { id, engine, key },
    )
  ).retryResult;

async function finalScan(text: string): Promise<number> {
  const scanId = await here.submit(text, ["Alpha", "Beta"]);
  for (const name of ["Alpha", "Beta"]) {
    (await here.agent.take(name, { scan: scanId })).ack();
    await here.agent.answer(name, { scan: scanId, ...(name === "Alpha" ? { verdict: "CLEAN" } : {}) });
  }
  await here.final(scanId);
  return scanId;
}

/** Both mutations, with the key of the test. */
const MUTATIONS: [name: string, send: (gateway: LocalGateway) => Promise<Answer>][] = [
  ["rescan", (gateway) => again(gateway, first, { engines: ["Alpha"], idempotencyKey: key })],
  ["retryResult", (gateway) => retry(gateway, first, "Alpha")],
];

describe.each(MUTATIONS)("%s with an idempotency key", (_name, send) => {
  it("gives the same scan again, through any gateway", async () => {
    const one = await send(here.gateway);
    expect(one).toMatchObject({ replayed: false, scan: { previous: { scanId: first } } });
    expect(await send(other)).toEqual({ ...one, replayed: true });
  });

  it("makes one scan of many calls that come at once to two gateways", async () => {
    const before = await countOf(here.stage, "scans");
    const calls = Array.from({ length: AT_ONCE }, (_, i) => send(i % 2 === 0 ? here.gateway : other));
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ scan }) => scan.scanId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await countOf(here.stage, "scans")).toBe(before + 1);
  });

  it("gives the same scan again when the former is deleted since", async () => {
    const one = await send(here.gateway);
    await deleteScan(here.gateway.context, TESTER, first);
    expect(await send(other)).toMatchObject({ replayed: true, scan: { scanId: one.scan.scanId, previous: null } });
  });

  it("gives the same scan again when no engine could run any more", async () => {
    const one = await send(here.gateway);
    await here.stage.db.updateTable("engines").set({ unhealthy: "for a test" }).execute();
    expect(await send(other)).toEqual({ ...one, replayed: true });
    await here.stage.db.updateTable("engines").set({ unhealthy: null }).execute();
  });

  it("does not take the key when it is refused", async () => {
    await here.stage.db.updateTable("engines").set({ unhealthy: "for a test" }).execute();
    expect(await send(here.gateway)).toMatchObject({ code: "UNAVAILABLE" });
    await here.stage.db.updateTable("engines").set({ unhealthy: null }).execute();
    expect(await send(here.gateway)).toMatchObject({ replayed: false });
  });
});

describe("a key that stands for a scan that was repeated", () => {
  it.each([
    ["another input", () => ({ idempotencyKey: key, speed: "FAST" })],
    ["no labels in place of the former's", () => ({ idempotencyKey: key, labels: [] })],
    ["nobody left out in place of the former's choice", () => ({ idempotencyKey: key, excludeEngines: [] })],
  ])("is refused with %s", async (_what, input) => {
    await again(here.gateway, first, { idempotencyKey: key });
    const before = await countOf(here.stage, "scans");
    expect(await again(other, first, input())).toMatchObject({ ...CONFLICT, path: ["input", "idempotencyKey"] });
    expect(await countOf(here.stage, "scans")).toBe(before);
  });

  it("is refused for another scan of the same sample, for another engine and for the other mutation", async () => {
    const second = await finalScan(`of test ${test}`);
    await retry(here.gateway, first, "alpha");
    expect(await retry(other, first, "ALPHA")).toMatchObject({ replayed: true });
    for (const refused of [await retry(other, second, "Alpha"), await retry(other, first, "Beta")])
      expect(refused).toMatchObject({ ...CONFLICT, path: ["idempotencyKey"] });
    expect(await again(other, first, { engines: ["Alpha"], idempotencyKey: key })).toMatchObject(CONFLICT);
    key = `${key}, another`;
    await again(here.gateway, first, { idempotencyKey: key });
    expect(await again(other, second, { idempotencyKey: key })).toMatchObject(CONFLICT);
  });

  it("is refused for a submission of the same sample, and the other way round", async () => {
    const sha256 = createHash("sha256").update(`of test ${test}`).digest("hex");
    const submission = (idempotencyKey: string) =>
      submitScan(
        here.gateway.context,
        TESTER,
        { kind: "hash", hash: sha256 },
        { name: "a", speed: "ALL", internet: false, idempotencyKey },
      );
    await again(here.gateway, first, { speed: "ALL", internet: false, idempotencyKey: key });
    await expect(submission(key)).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    await submission(`${key}, another`);
    expect(await again(other, first, { idempotencyKey: `${key}, another` })).toMatchObject(CONFLICT);
  });

  it("is refused to the one of two that come at once and mean something else", async () => {
    const before = await countOf(here.stage, "scans");
    const answers = await Promise.all([retry(here.gateway, first, "Alpha"), retry(other, first, "Beta")]);
    expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual(["IdempotencyConflict", "RetryResultSuccess"]);
    expect(await countOf(here.stage, "scans")).toBe(before + 1);
  });

  it("belongs to its API key, whose quota counts the scan once", async () => {
    const callers = [];
    for (const name of ["one", "two"]) {
      const { record } = await createApiKey(here.gateway.context, TESTER, { name, scopes: ["scan:write"], dailyScans: 2 });
      callers.push({ ...TESTER, key: { id: record.id, name, dailyScans: 2 } });
    }
    const made = new Set<number>();
    for (const caller of callers) {
      for (const replayed of [false, true, true]) {
        const byRescan = await rescan(here.gateway.context, caller, first, { idempotencyKey: key });
        const byRetry = await retryResult(here.gateway.context, caller, first, "Alpha", `${key}, another`);
        expect([byRescan.replayed, byRetry.replayed]).toEqual([replayed, replayed]);
        made.add(byRescan.scanId).add(byRetry.scanId);
      }
      await expect(rescan(here.gateway.context, caller, first, {})).rejects.toMatchObject({ code: "RATE_LIMITED" });
    }
    expect(made.size).toBe(4);
  });

  it("has 1 to 255 printable ASCII characters", async () => {
    expect(await again(here.gateway, first, { idempotencyKey: "" })).toMatchObject({ path: ["input", "idempotencyKey"] });
    key = "k".repeat(256);
    expect(await retry(here.gateway, first, "Alpha")).toMatchObject({ code: "BAD_INPUT", path: ["idempotencyKey"] });
  });
});
