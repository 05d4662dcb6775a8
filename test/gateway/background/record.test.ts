import { sql } from "kysely";
import { expect, it, vi } from "vitest";
import { lockScans } from "../../../gateway/db/results.js";
import { readScan } from "../../../gateway/db/scans.js";
import type { ResultMessage } from "../../../schema/messages.js";
import type { ScanReport } from "../../../schema/reports.js";
import { data } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";
import { whileImpatient } from "./impatient.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Av"), engine("Rules", { type: "METADATA" })]);

/** What an agent sends that does not inspect samples yet. */
const old = (answer: Partial<ResultMessage>): Partial<ResultMessage> => ({ ...answer, inspector: undefined });
const CLEAN = { verdict: "CLEAN" } as const;
const ENCRYPTED = { state: "UNSCANNED", error: "encrypted: a.zip", cause: "ENCRYPTED" } as const;
const TOO_OLD = {
  state: "UNSCANNED",
  verdict: null,
  error: "the agent is too old: it does not inspect samples",
  cause: "AGENT_TOO_OLD",
};

/** Scans a sample; the antivirus engine gives these answers, one after the other, before the other engine ends the scan. */
async function scanned(name: string, ...answers: Partial<ResultMessage>[]): Promise<ScanReport> {
  const { scan } = await submit(gateway.url, { base64: base64(name) });
  for (const answer of answers) await agent.answer("Av", { scan: scan.scanId, ...answer });
  await agent.answer("Rules", { scan: scan.scanId });
  return until("the scan is final", async () => {
    const report = await readScan(stage.db, scan.scanId);
    return report?.endDate ? report : undefined;
  });
}

const ofAv = ({ results }: ScanReport) => results.find((result) => result.engine === "Av");

it("CLEAN of an antivirus engine counts only from an agent that inspects samples", async () => {
  const clean = await scanned("new agent", CLEAN);
  expect([clean.verdict, ofAv(clean)?.state]).toEqual(["CLEAN", "DONE"]);
  const unproven = await scanned("old agent", old({ ...CLEAN, details: { kept: true } }));
  expect(unproven.verdict).toBe("INCONCLUSIVE");
  expect(ofAv(unproven)).toMatchObject({ ...TOO_OLD, agent: "puppet", details: { kept: true } });
  const query = `query ($id: SafeInt!) { scan(id: $id) { verdict results { engine cause } proof { barriers { engine cause error } text } } }`;
  const { scan } = await data<{ scan: object }>(gateway.url, query, { id: unproven.scanId });
  expect(scan).toMatchObject({ proof: { barriers: [{ engine: "Av", cause: TOO_OLD.cause, error: TOO_OLD.error }] } });
  expect(scan).toMatchObject({
    proof: { text: expect.stringMatching(/^INCONCLUSIVE: Av found nothing, but its agent is too old/) as unknown },
  });
});

it("an older agent's CLEAN never outranks what a newer one has found out, and gives way to its CLEAN", async () => {
  const before = await scanned("old after new", ENCRYPTED, old(CLEAN));
  expect(ofAv(before)).toMatchObject({ ...ENCRYPTED, verdict: null });
  const after = await scanned("new after old", old(CLEAN), CLEAN);
  expect([after.verdict, ofAv(after)?.state, ofAv(after)?.cause]).toEqual(["CLEAN", "DONE", null]);
});

it("whatever else an older agent says stands", async () => {
  const detected = await scanned("detection", old({ verdict: "INFECTED", signature: "Bad" }));
  expect([detected.verdict, ofAv(detected)?.signature]).toEqual(["INFECTED", "Bad"]);
  expect(ofAv(await scanned("unscanned", old(ENCRYPTED)))).toMatchObject(ENCRYPTED);
  const { scan } = await submit(gateway.url, { base64: base64("rules"), engines: ["Rules"] });
  await agent.answer("Rules", { scan: scan.scanId, ...old(CLEAN) });
  const report = await until("the scan is final", async () => {
    const found = await readScan(stage.db, scan.scanId);
    return found?.endDate ? found : undefined;
  });
  expect(report.results.find((result) => result.engine === "Rules")).toMatchObject({ state: "DONE", verdict: "CLEAN" });
});

it("results of a scan that somebody has locked hold up no other, and are recorded once it is free", async () => {
  const { context } = gateway;
  await whileImpatient(context, async () => {
    const [locked, free] = [
      await submit(gateway.url, { base64: base64("locked") }),
      await submit(gateway.url, { base64: base64("free") }),
    ];
    const stateOf = async ({ scan }: typeof free) =>
      (await readScan(stage.db, scan.scanId))?.results.find((result) => result.engine === "Av")?.state;
    await stage.db.transaction().execute(async (tx) => {
      await lockScans(tx, [locked.scan.scanId]);
      await agent.answer("Av", { scan: locked.scan.scanId, ...CLEAN });
      await until("the recorder waits for the lock", async () => {
        const blocked = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        return (await blocked.execute(stage.db)).rows.length > 0;
      });
      // What comes meanwhile is recorded together.
      await Promise.all([locked, free].map(({ scan }) => agent.answer("Av", { scan: scan.scanId, ...CLEAN })));
      await until("the other one is recorded", async () => (await stateOf(free)) === "DONE");
      expect(await stateOf(locked)).toBe("QUEUED");
      // What comes later of it makes nobody wait for its lock again.
      const warn = vi.spyOn(context.log, "warn");
      const next = await submit(gateway.url, { base64: base64("free too") });
      await Promise.all([locked, next].map(({ scan }) => agent.answer("Av", { scan: scan.scanId, ...CLEAN })));
      await until("the next one is recorded", async () => (await stateOf(next)) === "DONE");
      expect(warn.mock.calls.map(([, message]) => message)).toEqual([]);
      warn.mockRestore();
      expect(await stateOf(locked)).toBe("QUEUED");
    });
    await until("it is recorded too", async () => (await stateOf(locked)) === "DONE");
  });
});
