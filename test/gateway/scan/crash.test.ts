import { afterAll, expect, it } from "vitest";
import { readScans, readScan } from "../../../gateway/db/scans.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";

let agent: PuppetAgent;

const stage = useStage();

afterAll(async () => {
  await agent.close();
});

const upload = (url: string, text: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/v1/sample`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      allow_internet: "False",
      minspeed: 3,
      sample: Buffer.from(text).toString("base64"),
      sample_name: "a",
    }),
  });

it.each(["outbox.after_commit", "outbox.before_publish", "outbox.before_mark"])(
  "a gateway killed at %s loses no accepted scan and gives one result",
  async (point) => {
    const doomed = await stage.gatewayProcess({ SCANMESH_FAILPOINT: `${point}:kill` });
    agent ??= await startPuppet(stage, "puppet", [engine("Alpha")]);
    await expect(upload(doomed.url, `killed at ${point}`).then((answer) => answer.text()))
      .resolves.toBeDefined()
      .catch(() => {});
    await doomed.kill();
    const [scan] = await until("the scan is committed", () => readScans(stage.db, { newestFirst: true, limit: 1 }));
    expect(scan?.endDate).toBeNull();
    const heir = await stage.gatewayProcess();
    const { request, ack } = await agent.take("Alpha");
    expect(request.scan).toBe(scan?.scanId);
    ack();
    await agent.answer("Alpha", { scan: request.scan, verdict: "CLEAN" });
    const report = await until("the scan is final", async () => {
      const now = await readScan(stage.db, request.scan);
      return now?.endDate ? now : undefined;
    });
    expect(report).toMatchObject({ verdict: "CLEAN", total: 1 });
    expect(report.results).toHaveLength(1);
    await heir.kill();
  },
);

it("a gateway killed between a result's commit and its acknowledgement records it once", async () => {
  const doomed = await stage.gatewayProcess({ SCANMESH_FAILPOINT: "record.after_commit:kill" });
  const answer = (await (await upload(doomed.url, "killed while recording")).json()) as { id: number };
  (await agent.take("Alpha")).ack();
  await agent.answer("Alpha", { scan: answer.id, verdict: "INFECTED", signature: "Once" });
  await doomed.kill();
  const before = await readScan(stage.db, answer.id);
  expect(before).toMatchObject({ verdict: "INFECTED", revision: 1 });
  const heir = await stage.gateway();
  await until("the result is delivered again and settled", async () => {
    const { values } = await heir.context.metrics.results.get();
    return values.some(({ value }) => value > 0);
  });
  expect(await readScan(stage.db, answer.id)).toEqual(before);
});

it.each(["submit.after_keep", "accept.before_commit", "accept.sent", "outbox.after_commit"])(
  "an upload that a killed gateway left unanswered at %s makes one scan when it is sent again with its idempotency key",
  async (point) => {
    const before = (await readScans(stage.db, { newestFirst: true, limit: 1 }))[0]?.scanId ?? 0;
    const doomed = await stage.gatewayProcess({ SCANMESH_FAILPOINT: `${point}:kill` });
    agent ??= await startPuppet(stage, "puppet", [engine("Alpha")]);
    const headers = { "idempotency-key": `unanswered at ${point}` };
    const text = `sent again after ${point}`;
    await expect(upload(doomed.url, text, headers)).rejects.toThrow("fetch failed");
    await doomed.kill();
    const heir = await stage.gateway();
    const again = await upload(heir.url, text, headers);
    const third = await upload(heir.url, text, headers);
    // Postgres may have the statement by the time the gateway dies, or not.
    if (point !== "accept.sent") expect(again.headers.has("idempotency-replayed")).toBe(point === "outbox.after_commit");
    expect(third.headers.get("idempotency-replayed")).toBe("true");
    const { id, hashes } = (await again.json()) as { id: number; hashes: { sha256: string } };
    expect(await third.json()).toMatchObject({ id });
    expect((await readScans(stage.db, { newestFirst: false, limit: 9, after: before })).map(({ scanId }) => scanId)).toEqual([
      id,
    ]);
    const named = await stage.db.selectFrom("samples").select("blob").where("sha256", "=", hashes.sha256).execute();
    const { request, ack } = await agent.take("Alpha", { scan: id });
    ack();
    expect(named).toEqual([{ blob: request.sample.blob }]);
    expect(Buffer.from((await agent.readChunk(request.sample, 0)) ?? "").toString()).toBe(text);
    await agent.answer("Alpha", { scan: id, verdict: "CLEAN" });
    await heir.stop();
  },
);
