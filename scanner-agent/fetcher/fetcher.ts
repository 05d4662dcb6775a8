import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import { MAX_FETCH_JOBS, type FetchJob, type FetchJobs, type FetchOrder, type FetchState } from "../../schema/fetch-job.js";
import { OperatorError } from "../../schema/operator-error.js";
import { engineToken } from "../../schema/subjects.js";
import { reasonOf } from "../contract.js";
import { Blocked, type Source } from "./source.js";
import { hashFiles, uploadBundle, type HashedFile } from "./upload.js";

/** Fetches updates for the whole mesh, as gateways order it. */
export interface Fetcher {
  /** Begins jobs. A job that is known already is ignored, and a newer job of a set replaces the older one. */
  take(orders: readonly FetchOrder[]): void;
  /** What the presence says of it. */
  jobs(): FetchJobs;
  /** Ends all jobs. The files fetched so far stay for the next time. */
  stop(): Promise<void>;
}

export interface FetcherOptions {
  readonly sources: readonly Source[];
  /** The address of a gateway, for orders that name only a path. */
  readonly gateway: string | undefined;
  /** Authorities (PEM) of the gateway's certificate. */
  readonly authority: string | undefined;
  /** Called when a job's state changes. */
  readonly onChange: () => void;
  readonly log: Logger;
}

interface Run {
  job: FetchJob;
  readonly stopping: ReturnType<typeof createAbortController>;
  readonly ended: Promise<void>;
}

export function createFetcher({ sources, gateway, authority, onChange, log }: FetcherOptions): Fetcher {
  const runs = new Map<string, Run>();
  const bySet = new Map(sources.slice(0, MAX_FETCH_JOBS).map((source) => [keyOf(source), source]));

  function take(orders: readonly FetchOrder[]): void {
    for (const order of orders) {
      const key = keyOf(order);
      const source = bySet.get(key);
      const before = runs.get(key);
      if (source === undefined || before?.job.job === order.job) continue;
      before?.stopping.abort(new Error("a newer job takes its place"));
      const stopping = createAbortController();
      const run: Run = {
        job: newJob(order),
        stopping,
        ended: Promise.resolve(before?.ended).then(() => perform(run, source, order)),
      };
      runs.set(key, run);
    }
    onChange();
  }

  async function perform(run: Run, source: Source, order: FetchOrder): Promise<void> {
    const { engine, set } = order;
    const told = { engine, set, source: source.description };
    try {
      const remark = await fetchOne(run, source, order);
      log.info(told, `Fetched for the mesh: ${remark}`);
      change(run, { state: "DONE", reason: remark });
    } catch (error) {
      if (run.stopping.signal.aborted) return;
      const isBlocked = error instanceof Blocked;
      // An OperatorError explains itself. For anything unforeseen, the stack is needed.
      if (error instanceof OperatorError) log.warn({ ...told, reason: error.message }, "Could not fetch for the mesh");
      else log.error({ ...told, err: error }, "Could not fetch for the mesh");
      change(run, {
        state: isBlocked ? "BLOCKED" : "FAILED",
        reason: reasonOf(error),
        until: isBlocked ? error.until.toISOString() : null,
      });
    }
  }

  /** Runs a job and returns its outcome as a sentence. */
  async function fetchOne(run: Run, source: Source, { known, url }: FetchOrder): Promise<string> {
    const { signal } = run.stopping;
    signal.throwIfAborted();
    change(run, { state: "CHECKING", checkedAt: new Date().toISOString() });
    const progress = (state: FetchState) => (bytes: number, total: number) => {
      if (run.job.state === state) run.job = { ...run.job, bytes, total };
      else change(run, { state, bytes, total });
    };
    const content = await source.fetch({ signal, onBytes: progress("FETCHING") });
    change(run, { state: "VERIFYING", bytes: 0, total: 0 });
    await source.verify(content, signal);
    const files = await hashFiles(content.files, signal);
    const remarks = content.remark === undefined ? [] : [content.remark];
    if (content.image === null && isSame(files, known)) return ["There is nothing new.", ...remarks].join(" ");
    change(run, { state: "UPLOADING" });
    const onBytes = progress("UPLOADING");
    await uploadBundle(content, files, { url: addressOf(url), authority, signal, onBytes });
    return ["The gateway has what is new.", ...remarks].join(" ");
  }

  function addressOf(url: string): string {
    // This host joined by this address, so it can reach it.
    if (gateway !== undefined) return new URL(new URL(url, gateway).pathname, gateway).href;
    if (!URL.canParse(url))
      throw new OperatorError(
        "This agent does not know where the gateway is: let it join the mesh (npm run agent -- join), or set SCANMESH_PUBLIC_URL at the gateway.",
      );
    return url;
  }

  function change(run: Run, to: Partial<FetchJob>): void {
    if (runs.get(keyOf(run.job)) !== run) return;
    run.job = { ...run.job, ...to };
    onChange();
  }

  return {
    take,
    jobs: () => ({
      sources: [...bySet.values()].map(({ engine, set, everyMs }) => ({
        engine,
        set,
        ...(everyMs === undefined ? {} : { everyMs }),
      })),
      jobs: [...runs.values()].map(({ job }) => job),
    }),
    async stop() {
      for (const { stopping } of runs.values()) stopping.abort(new Error("the agent is stopping"));
      await Promise.all([...runs.values()].map(({ ended }) => ended));
    },
  };
}

function keyOf({ engine, set }: Pick<FetchOrder, "engine" | "set">): string {
  return `${engineToken(engine)}/${set}`;
}

function newJob({ engine, set, job }: FetchOrder): FetchJob {
  return { engine, set, job, state: "WAITING", reason: null, until: null, bytes: 0, total: 0, checkedAt: null };
}

function isSame(files: readonly HashedFile[], known: readonly string[]): boolean {
  const now = new Set(files.map(({ sha256 }) => sha256));
  return now.size === known.length && known.every((sha256) => now.has(sha256));
}
