import { readCanaryFigures, readCanarySamples, type AnswerNumbers, type ShownAnswers } from "../db/answer-numbers.js";
import type { Tx } from "../db/database.js";
import { changeUpdateHost } from "../db/engine-update-hosts.js";
import { changeUpdate, type UpdateRecord } from "../db/engine-updates.js";
import { readDurations, readEngineCounts } from "../db/statistics.js";
import type { UpdateContext } from "./context.js";
import { quantile } from "../scan/statistics.js";
import { noteWaits } from "./note-waits.js";
import { CANARY_SCANS, judgeCanary, type Jump } from "./judge-canary.js";

const WEEK_MS = 7 * 86_400_000;

const EVIDENCE: Record<Jump, ShownAnswers> = {
  FAILURES: "FAILURES",
  SLOWER: "SLOWEST",
  MORE_DETECTIONS: "DETECTIONS",
  FEWER_DETECTIONS: "MISSES",
};

/**
 * Compares a canary with its engine's last seven days: the update goes on, is held, or waits for more answers. `isAlone` means that no
 * other host would be protected by waiting, so it does not wait.
 */
export async function judge({ config, log }: UpdateContext, tx: Tx, update: UpdateRecord, isAlone: boolean): Promise<void> {
  const { id, engineId, canary: agent, canarySince: since, canaryScan: afterScan } = update;
  if (agent === null || since === null || afterScan === null) return;
  const answers = { engineId, agent, since, afterScan };
  const now = await readCanaryFigures(tx, answers);
  const usual = await readUsual(tx, engineId);
  const finding = judgeCanary(now, usual);
  if (finding) {
    const samples = await readCanarySamples(tx, answers, EVIDENCE[finding.jump]);
    const reason = `On ${agent} ${finding.sentence}.`;
    await changeUpdateHost(tx, id, { agent, state: "HELD", reason: null });
    await changeUpdate(tx, id, { state: "HELD", reason, evidence: { now, usual, jump: finding.jump, samples } });
    log.warn({ engine: update.engine, set: update.set, reason }, "an update is held until somebody decides");
    return;
  }
  const isEnough = isAlone || now.answers >= CANARY_SCANS || (update.canaryMs ?? 0) > config.canaryWaitMs;
  if (isEnough) return changeUpdate(tx, id, { evidence: { now, usual }, state: "ROLLING" });
  const until = new Date(since.getTime() + config.canaryWaitMs);
  const waits = { for: `${CANARY_SCANS} scans of ${agent}, of which there are ${now.answers}`, until };
  await noteWaits(tx, update, waits, { now, usual });
}

async function readUsual(tx: Tx, engineId: number): Promise<AnswerNumbers> {
  const to = new Date();
  const week = { from: new Date(to.getTime() - WEEK_MS), to };
  const counts = (await readEngineCounts(tx, week)).find((one) => one.engineId === engineId);
  const durations = (await readDurations(tx, week)).get(engineId) ?? [];
  if (!counts) return { answers: 0, failures: 0, detections: 0, p95Ms: null };
  const { clean, suspicious, infected, silent, unscanned, failed, timeout } = counts;
  return {
    answers: clean + suspicious + infected + silent + unscanned + failed + timeout,
    failures: failed + timeout,
    detections: suspicious + infected,
    p95Ms: quantile(durations, 0.95),
  };
}
