/** A process that looks at one ruleset and tries it. What takes too long ends it, and the next question starts another one. */

import { z } from "zod";
import { projectPath } from "../../../schema/paths.js";
import { RuleMistake } from "../../../schema/rule-job.js";
import { Failed, reasonOf, TimedOut, type Sample } from "../../contract.js";
import { within } from "../../within.js";
import { HungUp } from "../conversation.js";
import type { EngineProcess } from "./engine-process.js";
import { createEngineProcesses, type EngineProcessesOptions } from "./engine-processes.js";
import type { EngineWorker } from "./engine-worker.js";
import type { CheckedFile, RulesetFile } from "./rule-check.js";
import type { NamedText } from "./rule-compiler.js";

const START_MS = 30_000;
/** Thousands of rules take a while to compile; engines have as long to start. */
const COMPILE_MS = 180_000;
/** A worker's own memory, and that of WebAssembly. */
const MEMORY = 8 * 1024 ** 3;

const Order = z.array(z.string());
const Checked: z.ZodType<CheckedFile> = z.object({
  mistakes: z.array(RuleMistake),
  omitted: z.number().int().nonnegative(),
  included: z.array(z.string()),
  rules: z.array(z.object({ name: z.string(), path: z.string(), line: z.number() })),
  text: z.object({ namespace: z.string(), text: z.string() }).nullable(),
});
const Scanned = z.union([z.object({ rules: z.array(z.string()) }), z.object({ unscanned: z.string() })]);

/** What came of one sample. */
export type Scanned = z.infer<typeof Scanned>;

/**
 * Asks a process about one ruleset. Everything but `ready` throws TimedOut if it takes too long, {@link Failed} if the process ended or
 * could not answer, or the signal's reason.
 */
export interface RuleSession {
  /** Starts the process if there is none. Throws Unavailable if it does not start on this host. */
  ready(): Promise<void>;
  /** Its files of rules, in the order in which they are looked at. */
  order(): readonly string[];
  check(path: string): Promise<CheckedFile>;
  /** Compiles texts, for scans until the process ends; of some rules, if they are named, for these alone. Never throws TimedOut. */
  compile(texts: readonly NamedText[], only?: readonly string[]): Promise<void>;
  /** Scans something that is slow for slow rules. */
  probe(limitMs: number): Promise<void>;
  /** Each process that is started from now on compiles what was compiled last. */
  keepCompiled(): void;
  scan(sample: Sample, limitMs: number): Promise<Scanned>;
  end(): Promise<void>;
}

/** How processes are started. */
export type RuleHost = Omit<EngineProcessesOptions, "file" | "memory">;

interface Running {
  readonly process: EngineProcess;
  readonly worker: EngineWorker;
}

export function openRuleSession(host: RuleHost, files: readonly RulesetFile[], signal: AbortSignal): RuleSession {
  const file = projectPath("dist", "scanner-agent", "runners", "builtin", "rule-check-worker.js");
  const processes = createEngineProcesses({ ...host, file, memory: MEMORY });
  let running: Running | undefined;
  let order: readonly string[] = [];
  let compiled: readonly NamedText[] | undefined;
  /** What a process is to have compiled before it scans. */
  let kept: readonly NamedText[] | undefined;

  async function ready(): Promise<void> {
    if (running && !running.worker.hasEnded() && !running.process.hasEnded()) return;
    await end();
    signal.throwIfAborted();
    const process = await processes.start();
    running = { process, worker: process.startWorker() };
    order = Order.parse(await ask({ step: "OPEN", files }, START_MS));
    if (kept) await ask({ step: "COMPILE", texts: kept, only: null }, COMPILE_MS);
  }

  async function end(): Promise<void> {
    const { process } = running ?? {};
    running = undefined;
    await process?.stop();
  }

  /** After any failure the state of the process is unknown. */
  async function inProcess<T>(limitMs: number, work: (one: Running) => Promise<T>): Promise<T> {
    if (running === undefined) throw new Failed("its process has ended");
    try {
      return await within(limitMs, work(running), signal);
    } catch (error) {
      await end();
      throw error;
    }
  }

  const ask = (step: object, limitMs: number): Promise<unknown> =>
    inProcess(limitMs, async ({ worker }) => (await worker.prepare(step)).dataForOthers);

  /** If the process ends while it works, its input is to blame and not this host. */
  async function blamed<T>(working: Promise<T>): Promise<T> {
    try {
      return await working;
    } catch (error) {
      if (error instanceof HungUp) throw new Failed(`its process has ended: ${reasonOf(error)}`, { cause: error });
      throw error;
    }
  }

  async function compile(texts: readonly NamedText[], only: readonly string[] | null = null): Promise<void> {
    try {
      await blamed(ask({ step: "COMPILE", texts, only }, COMPILE_MS));
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      throw new Failed(`the rules take longer than ${COMPILE_MS / 1_000} s to compile`, { cause: error });
    }
    compiled = texts;
  }

  return {
    ready,
    order: () => order,
    check: async (path) => Checked.parse(await blamed(ask({ step: "CHECK", path }, COMPILE_MS))),
    compile,
    probe: async (limitMs) => void (await blamed(ask({ step: "PROBE" }, limitMs))),
    keepCompiled: () => void (kept = compiled),
    scan: (sample, limitMs) =>
      blamed(
        inProcess(limitMs, async ({ process, worker }) => {
          const shown = sample.path === null ? undefined : process.show(sample.path);
          try {
            return Scanned.parse(JSON.parse(await worker.scan({ ...sample, path: shown?.path ?? null })));
          } finally {
            shown?.remove();
          }
        }),
      ),
    async end() {
      await end();
      await processes.stop();
    },
  };
}
