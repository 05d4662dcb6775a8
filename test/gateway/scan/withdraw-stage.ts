/** A mesh with one agent, for tests of what is ended before its time. */

import { connect, credsAuthenticator } from "nats";
import { readFileSync } from "node:fs";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { cancelScan } from "../../../gateway/scan/withdraw.js";
import { Control } from "../../../schema/control.js";
import { parseMessage } from "../../../schema/messages.js";
import type { ScanReport } from "../../../schema/reports.js";
import { controlSubject, engineToken, SCANS } from "../../../schema/subjects.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { startStage, TESTER, until, type LocalGateway, type Stage } from "../../stage/stage.js";

export interface WithdrawStage {
  readonly stage: Stage;
  /** The gateway that serves now; a test may put another in its place. */
  gateway: LocalGateway;
  /** Has Alpha, an AV engine, and Beta, which is slow and states no verdict. */
  readonly agent: PuppetAgent;
  /** The cancellation of a scan, as the agent is told of it. */
  cancellation(scanId: number): Promise<Control>;
  /** What the agent was told. */
  readonly told: Control[];
  submit(text: string, engines?: string[]): Promise<number>;
  /** Waits until every request of a scan is on the bus. */
  published(scanId: number): Promise<boolean>;
  final(scanId: number): Promise<ScanReport>;
  /** Requests on the bus: those that wait for an engine, and those that it has and could be given again. */
  onTheBus(engine: string): Promise<{ waiting: number; taken: number }>;
  /** Messages in a stream of the isolated account. */
  messages(stream: string): Promise<number>;
  /** How often the audit names a verb and a subject. */
  audited(action: string, subject: string): Promise<number>;
  /** Ends what a test has left open, and waits until nothing of it is on the bus: after each test, for the next one to count. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export async function startWithdrawStage(): Promise<WithdrawStage> {
  const stage = await startStage();
  const gateway = await stage.gateway();
  const agent = await startPuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW", type: "METADATA" })]);
  const told: Control[] = [];
  agent.nc.subscribe(controlSubject("puppet"), { callback: (_, { data }) => void told.push(parseMessage(Control, data)) });
  await agent.nc.flush();
  const nc = await connect({
    servers: stage.nats().url,
    authenticator: credsAuthenticator(readFileSync(stage.keys.creds.gateway.isolated)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });

  const here: WithdrawStage = {
    stage,
    gateway,
    agent,
    told,
    cancellation: (scanId) =>
      until("the agent is told", () => told.find((control) => control.kind === "cancel" && control.scans.includes(scanId))),
    async submit(text, engines = ["Alpha", "Beta"]) {
      const input = { name: "a", speed: "ALL", internet: false, engines } as const;
      return (await submitScan(here.gateway.context, TESTER, { kind: "stream", bytes: bytesOf(text) }, input)).scanId;
    },
    published: (scanId) =>
      until("its requests are published", async () => {
        const rows = await stage.db.selectFrom("outbox").select("seq").where("scan_id", "=", scanId).execute();
        return rows.length > 0 && rows.every(({ seq }) => seq !== null);
      }),
    final: (scanId) =>
      until(`scan ${scanId} is final`, async () => {
        const report = await readScan(stage.db, scanId);
        return report?.endDate ? report : undefined;
      }),
    async onTheBus(name) {
      const info = await (await nc.jetstreamManager()).consumers.info(SCANS, engineToken(name));
      return { waiting: info.num_pending, taken: info.num_ack_pending };
    },
    messages: async (name) => (await (await nc.jetstreamManager()).streams.info(name)).state.messages,
    async audited(action, subject) {
      const events = stage.db.selectFrom("audit_events").select("id");
      return (await events.where("action", "=", action).where("subject", "=", subject).execute()).length;
    },
    async settle() {
      const unpublished = stage.db.selectFrom("outbox").select("id").where("seq", "is", null).where("held", "=", false);
      await until("all requests are published", async () => (await unpublished.execute()).length === 0);
      const open = await stage.db.selectFrom("scans").select("id").where("end_date", "is", null).execute();
      for (const { id } of open) await cancelScan(here.gateway.context, TESTER, id);
      for (const name of ["Alpha", "Beta"])
        await until(`nothing waits for ${name}`, async () => (await here.onTheBus(name)).waiting === 0);
    },
    async stop() {
      await nc.close();
      await agent.close();
      await stage.stop();
    },
  };
  return here;
}

/** A sample's bytes, as they arrive. */
export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
