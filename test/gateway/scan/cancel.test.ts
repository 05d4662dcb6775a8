import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { until } from "../../stage/stage.js";
import { data } from "../http/http-client.js";
import { startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

const CANCEL = `mutation Cancel($id: SafeInt!) {
  cancelScan(id: $id) {
    __typename
    ... on CancelScanSuccess { scan { scanId endDate verdict done total revision results { engine state error verdict } } }
    ... on UserError { code message path }
  }
}`;

interface Cancelled {
  readonly __typename: string;
  readonly code?: string;
  readonly scan: { endDate: string | null; revision: number; [key: string]: unknown };
}

let here: WithdrawStage;

beforeAll(async () => {
  here = await startWithdrawStage();
});
afterAll(() => here.stop());
afterEach(() => here.settle());

const cancel = async (id: number, { url } = here.gateway) =>
  (await data<{ cancelScan: Cancelled }>(url, CANCEL, { id })).cancelScan;

describe("cancelScan", () => {
  it("makes the scan final at once, and what waits never starts", async () => {
    const scanId = await here.submit("nobody took it");
    await here.published(scanId);
    const answer = await cancel(scanId);
    expect(answer).toMatchObject({
      __typename: "CancelScanSuccess",
      scan: {
        verdict: "INCONCLUSIVE",
        done: 2,
        total: 2,
        revision: 1,
        results: [
          { engine: "Alpha", state: "CANCELLED", error: "cancelled" },
          { engine: "Beta", state: "CANCELLED", error: "cancelled" },
        ],
      },
    });
    expect(answer.scan.endDate).not.toBeNull();
    expect(await here.onTheBus("Alpha")).toEqual({ waiting: 0, taken: 0 });
    await expect(here.agent.take("Alpha", { seconds: 1 })).rejects.toThrow("no request");
    expect(await here.audited("cancelScan", String(scanId))).toBe(1);
    expect(await here.stage.db.selectFrom("removals").select("id").execute()).toEqual([]);
  });

  it("keeps what was answered, tells the agents, and what is in flight is not delivered again; a late result still counts", async () => {
    const scanId = await here.submit("in flight");
    (await here.agent.take("Beta", { scan: scanId })).ack();
    await here.agent.answer("Beta", { scan: scanId });
    const { message } = await here.agent.take("Alpha", { scan: scanId });
    await until("Beta's answer is recorded", async () => (await readScan(here.stage.db, scanId))?.done === 1);
    const { scan } = await cancel(scanId);
    expect(scan).toMatchObject({ results: [{ state: "CANCELLED" }, { state: "DONE" }], verdict: "INCONCLUSIVE" });
    expect(await here.cancellation(scanId)).toEqual({ v: 1, kind: "cancel", scans: [scanId] });
    await until("the durable has let go of it", async () => (await here.onTheBus("Alpha")).taken === 0);
    await expect(here.agent.take("Alpha", { seconds: 1 })).rejects.toThrow("no request");
    message.respond("+ACK");
    await here.agent.answer("Alpha", { scan: scanId, verdict: "INFECTED", signature: "Late" });
    const late = await until("the late result is recorded", async () => {
      const report = await readScan(here.stage.db, scanId);
      return report?.verdict === "INFECTED" ? report : undefined;
    });
    expect(late.endDate?.toISOString()).toBe(scan.endDate);
    expect(late.revision).toBeGreaterThan(scan.revision);
  });

  it("leaves a final scan as it is", async () => {
    const scanId = await here.submit("final", ["Alpha"]);
    (await here.agent.take("Alpha", { scan: scanId })).ack();
    await here.agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    await until("it is final", async () => (await readScan(here.stage.db, scanId))?.endDate);
    const before = await readScan(here.stage.db, scanId);
    expect(await cancel(scanId)).toMatchObject({ scan: { verdict: "CLEAN", results: [{ state: "DONE" }] } });
    expect(await readScan(here.stage.db, scanId)).toEqual(before);
    expect(await here.audited("cancelScan", String(scanId))).toBe(0);
  });

  it.each([0, -1, 999_999_999])("says that there is no scan %i", async (id) => {
    expect(await cancel(id)).toMatchObject({ __typename: "UnknownScan", code: "NOT_FOUND", path: ["id"] });
  });

  it("by two callers through two gateways at once is done once", async () => {
    const other = await here.stage.gateway();
    const scanId = await here.submit("twice");
    const answers = await Promise.all([cancel(scanId), cancel(scanId, other)]);
    for (const { scan } of answers) expect(scan).toMatchObject({ revision: 1, done: 2 });
    expect(await here.audited("cancelScan", String(scanId))).toBe(1);
    await other.stop();
  });

  it("takes back a request that is just being published", async () => {
    const account = here.gateway.context.bus.account("isolated");
    const publish = account.publishRequest.bind(account);
    let letGo = () => {};
    const released = new Promise<void>((resolve) => (letGo = resolve));
    let begun = false;
    Object.assign(account, {
      publishRequest: async (...request: Parameters<typeof publish>) => {
        const answer = await publish(...request);
        begun = true;
        await released;
        return answer;
      },
    });
    try {
      const scanId = await here.submit("being published", ["Alpha"]);
      await until("the bus has it and its row does not say so", () => begun);
      expect(await cancel(scanId)).toMatchObject({ scan: { results: [{ state: "CANCELLED" }] } });
      expect(await here.onTheBus("Alpha")).toMatchObject({ waiting: 1 });
    } finally {
      Object.assign(account, { publishRequest: publish });
      letGo();
    }
    await until("it is off the bus", async () => (await here.onTheBus("Alpha")).waiting === 0);
  });

  it("works while the bus is away, and nothing of it is delivered afterwards", async () => {
    const taken = await here.submit("published before");
    await here.published(taken);
    await here.stage.stopNats();
    await until("the gateway notices", () => !here.gateway.context.bus.connected());
    expect(await cancel(taken)).toMatchObject({ scan: { done: 2 } });
    await here.stage.startNats();
    await until("its requests are off the bus", async () => (await here.onTheBus("Alpha").catch(() => undefined))?.waiting === 0);
    await until(
      "nothing is left to remove",
      async () => (await here.stage.db.selectFrom("removals").select("id").execute()).length === 0,
    );
  });

  it("by a gateway that is killed right after the commit is finished by another", async () => {
    const doomed = await here.stage.gatewayProcess({ SCANMESH_FAILPOINT: "removals.before:kill" });
    const scanId = await here.submit("killed");
    await here.published(scanId);
    await here.gateway.stop();
    await expect(cancel(scanId, { ...here.gateway, url: doomed.url })).rejects.toThrow();
    await doomed.kill();
    expect(await readScan(here.stage.db, scanId)).toMatchObject({ done: 2, verdict: "INCONCLUSIVE" });
    expect(await here.onTheBus("Alpha")).toMatchObject({ waiting: 1 });
    here.gateway = await here.stage.gateway();
    await until("its requests are off the bus", async () => (await here.onTheBus("Alpha")).waiting === 0);
  });
});
