/** Checks and tries rulesets on this host, as gateways order it. */

import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import { MAX_RULE_JOBS, type RuleJob, type RuleJobs, type RuleOrder } from "../../schema/rule-job.js";
import { engineToken } from "../../schema/subjects.js";
import type { BundleReader } from "../bundles/bundle-reader.js";
import { Failed, reasonOf, Unavailable } from "../contract.js";
import { isError } from "../runners/builtin/rule-check.js";
import { openRuleSession, type RuleHost, type RuleSession } from "../runners/builtin/rule-session.js";
import type { SampleCache } from "../samples/sample-cache.js";
import { checkRuleset } from "./check-ruleset.js";
import { readRuleset } from "./read-ruleset.js";
import { toldCheck, toldSamples, toldText } from "./told-job.js";
import { trySamples } from "./try-samples.js";

/** Checks and tries rulesets. */
export interface RulesetServer {
  /** Runs exactly these jobs: others are ended, and a known one goes on, with its next piece if there is one. */
  take(orders: readonly RuleOrder[]): void;
  /** What the presence says of it. */
  jobs(): RuleJobs;
  stop(): Promise<void>;
}

export interface RulesetServerOptions {
  /** Engines of this host whose rules it can check. */
  readonly engines: readonly string[];
  readonly host: RuleHost;
  readonly reader: BundleReader;
  readonly samples: SampleCache;
  /** Called when what the presence says has changed. */
  readonly onChange: () => void;
  readonly log: Logger;
}

type TryOrder = Extract<RuleOrder, { kind: "TRY" }>;

interface Run {
  order: RuleOrder;
  job: RuleJob;
  readonly stopping: ReturnType<typeof createAbortController>;
  /** Called when there is another piece. */
  wake: () => void;
  ended: Promise<void>;
}

export function createRulesetServer(options: RulesetServerOptions): RulesetServer {
  const { engines, host, reader, samples, onChange, log } = options;
  const known = new Set(engines.map(engineToken));
  const runs = new Map<string, Run>();
  const ending = new Set<Promise<void>>();

  function take(orders: readonly RuleOrder[]): void {
    const wanted = new Map(orders.filter(({ engine }) => known.has(engineToken(engine))).map((order) => [order.job, order]));
    for (const [job, run] of runs) if (!wanted.has(job)) drop(job, run);
    for (const order of wanted.values()) {
      const run = runs.get(order.job);
      if (run === undefined) begin(order);
      // Orders of two gateways may come out of order.
      else if ((pieceOf(order) ?? 0) >= (pieceOf(run.order) ?? 0)) {
        run.order = order;
        run.job = { ...run.job, taken: pieceOf(order) };
        run.wake();
      }
    }
    onChange();
  }

  function drop(job: string, run: Run): void {
    runs.delete(job);
    run.stopping.abort(new Error("nobody wants it any more"));
    ending.add(run.ended);
    void run.ended.finally(() => ending.delete(run.ended));
  }

  function begin(order: RuleOrder): void {
    if (runs.size >= MAX_RULE_JOBS) return;
    const { job } = order;
    const none = { reason: null, done: 0, total: 0, check: null, taken: pieceOf(order), piece: null, tried: [] };
    const stopping = createAbortController();
    const run: Run = {
      order,
      job: { job, state: "RUNNING", ...none },
      stopping,
      wake: () => undefined,
      ended: Promise.resolve(),
    };
    runs.set(job, run);
    run.ended = perform(run);
  }

  async function perform(run: Run): Promise<void> {
    const { signal } = run.stopping;
    let session: RuleSession | undefined;
    try {
      const files = await readRuleset(reader, run.order.digest, signal);
      session = openRuleSession(host, files, signal);
      const checked = await checkRuleset(session, signal, {
        onFile: (done, total) => (run.job = { ...run.job, done, total }),
      });
      const { rules, mistakes, omitted } = checked;
      if (run.order.kind === "CHECK") return change(run, { state: "DONE", check: toldCheck(rules, mistakes, omitted) });
      const first = mistakes.find(isError);
      if (first) throw new Failed(`it has mistakes on this host: ${first.path}: ${first.message}`);
      session.keepCompiled();
      for (;;) {
        const order = await nextPiece(run, signal);
        const tried = await trySamples(session, samples, order.samples, signal);
        change(run, { piece: order.piece, tried: toldSamples(tried) });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Failed || error instanceof Unavailable)
        log.warn({ reason: reasonOf(error), job: run.order.job }, "Could not go on with a ruleset");
      else log.error({ err: error, job: run.order.job }, "Could not go on with a ruleset");
      change(run, { state: "FAILED", reason: toldText(reasonOf(error), 1_024) });
    } finally {
      await session?.end().catch((error: unknown) => log.warn({ err: error }, "Could not end the process of a ruleset"));
    }
  }

  /** Waits until a piece is ordered that is not done yet. */
  async function nextPiece(run: Run, signal: AbortSignal): Promise<TryOrder> {
    for (;;) {
      signal.throwIfAborted();
      const { order } = run;
      if (order.kind === "TRY" && order.piece !== run.job.piece) return order;
      await new Promise<void>((resolve) => {
        run.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  function change(run: Run, to: Partial<RuleJob>): void {
    if (runs.get(run.order.job) !== run) return;
    run.job = { ...run.job, ...to };
    onChange();
  }

  return {
    take,
    jobs: () => ({ engines: [...engines], jobs: [...runs.values()].map(({ job }) => job) }),
    async stop() {
      for (const [job, run] of runs) drop(job, run);
      await Promise.all(ending);
    },
  };
}

function pieceOf(order: RuleOrder): number | null {
  return order.kind === "TRY" ? order.piece : null;
}
