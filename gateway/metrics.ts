import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EnginePresence, Presence } from "../schema/presence.js";
import { hasStaleSignatures, signatureAge } from "../schema/stale.js";

export type Metrics = ReturnType<typeof createMetrics>;

/** Creates the counters and histograms of `/metrics`. */
export function createMetrics() {
  const registry = new Registry();
  // Each check of the event loop wakes the process; the default is a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const registers = [registry];
  return {
    registry,
    scansAccepted: new Counter({ name: "scanmesh_scans_accepted_total", help: "Scans accepted.", registers }),
    scansRefused: new Counter({
      name: "scanmesh_scans_refused_total",
      help: "Submissions refused, by error code: RATE_LIMITED is over a quota, UNAVAILABLE without an agent.",
      labelNames: ["code"],
      registers,
    }),
    scansFinal: new Counter({
      name: "scanmesh_scans_final_total",
      help: "Scans that became final, by verdict.",
      labelNames: ["verdict"],
      registers,
    }),
    results: new Counter({
      name: "scanmesh_results_total",
      help: "Result messages handled, by engine and state; a repeated one counts again.",
      labelNames: ["engine", "state"],
      registers,
    }),
    resultsIgnored: new Counter({
      name: "scanmesh_results_ignored_total",
      help: "Result messages that changed nothing, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    messagesIgnored: new Counter({
      name: "scanmesh_messages_ignored_total",
      help: "Messages that could not be handled, by subject: hints, revoked keys and agents' presence.",
      labelNames: ["subject"],
      registers,
    }),
    agentsRefused: new Counter({
      name: "scanmesh_agents_refused_total",
      help: "Messages of agents that were ignored because there are more agents than a gateway keeps, by class.",
      labelNames: ["class"],
      registers,
    }),
    scanSeconds: new Histogram({
      name: "scanmesh_scan_seconds",
      help: "Time from acceptance to the final result.",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000],
      registers,
    }),
    requestsPublished: new Counter({
      name: "scanmesh_requests_published_total",
      help: "Requests published, by subject.",
      labelNames: ["subject"],
      registers,
    }),
    publishFailures: new Counter({
      name: "scanmesh_publish_failures_total",
      help: "Requests that the bus did not take.",
      registers,
    }),
    copyFailures: new Counter({
      name: "scanmesh_copy_failures_total",
      help: "Samples that could not be copied to the internet account, each time that it is tried.",
      registers,
    }),
    republished: new Counter({
      name: "scanmesh_requests_republished_total",
      help: "Requests published again because the bus lost them.",
      registers,
    }),
    requestsReturned: new Counter({
      name: "scanmesh_requests_returned_total",
      help: "Requests that agents returned and that were published again, by cause.",
      labelNames: ["cause"],
      registers,
    }),
    overdue: new Counter({
      name: "scanmesh_results_overdue_total",
      help: "Results closed by the sweep, by state.",
      labelNames: ["state"],
      registers,
    }),
    orphans: new Counter({
      name: "scanmesh_orphan_chunks_removed_total",
      help: "Sample chunks removed because no sample names them.",
      registers,
    }),
    deadlocks: new Counter({
      name: "scanmesh_deadlocks_total",
      help: "Deadlocks that Postgres resolved by aborting a transaction of the gateway.",
      registers,
    }),
    fetchChecks: new Counter({
      name: "scanmesh_fetch_checks_total",
      help: "Looks at the sources of engines' updates that ended, by outcome: DONE, BLOCKED, FAILED.",
      labelNames: ["engine", "set", "outcome"],
      registers,
    }),
    fetchFailures: new Gauge({
      name: "scanmesh_fetch_failures_in_a_row",
      help: "How often a source was looked at in vain since it answered last.",
      labelNames: ["engine", "set"],
      registers,
    }),
    fetchLast: new Gauge({
      name: "scanmesh_fetch_last_check_timestamp_seconds",
      help: "When a source was asked last, in seconds since 1970.",
      labelNames: ["engine", "set"],
      registers,
    }),
    fetchNext: new Gauge({
      name: "scanmesh_fetch_next_check_timestamp_seconds",
      help: "When a source is asked next, in seconds since 1970.",
      labelNames: ["engine", "set"],
      registers,
    }),
    verdictFlips: new Counter({
      name: "scanmesh_verdict_flips_total",
      help: "Samples of which an engine says something else since an update, by what it says now.",
      labelNames: ["engine", "verdict"],
      registers,
    }),
    sampleBytes: new Counter({ name: "scanmesh_sample_bytes_total", help: "Bytes of samples stored.", registers }),
  };
}

/** The state shown by the gauges of `/metrics`. */
export interface GaugeSources {
  busConnected(): boolean;
  /** Whether each store accepts writes. */
  readonly takesWrites: Readonly<Record<string, () => boolean>>;
  scanSubscribers(): number;
  agents(): readonly Presence[];
  /** Empty while Postgres does not answer. */
  updates(): Promise<readonly MeasuredSet[]>;
}

/** The measured properties of an engine's set. */
export interface MeasuredSet {
  readonly engine: string;
  readonly set: string;
  /** The state of its last update that was not replaced. */
  readonly state: string;
}

/** Registers the gauges, which read their sources on every request to `/metrics`. */
export function registerGauges(
  { registry }: Metrics,
  { busConnected, takesWrites, scanSubscribers, agents, updates }: GaugeSources,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge("scanmesh_bus_connected", "1 while both accounts and their sample stores can be reached.", () => Number(busConnected()));
  registry.registerMetric(
    new Gauge({
      name: "scanmesh_store_writable",
      help: "1 while the store takes writes; 0 while its disk is full or does not answer.",
      labelNames: ["store"],
      registers: [],
      collect() {
        for (const [store, takes] of Object.entries(takesWrites)) this.set({ store }, Number(takes()));
      },
    }),
  );
  gauge("scanmesh_scan_subscribers", "Open scan subscriptions on this gateway.", scanSubscribers);
  gauge("scanmesh_agents", "Agents that are there.", () => agents().length);
  registerEngineGauges(registry, agents);
  registerUpdateGauges(registry, updates);
}

/** The progress of engines' updates. */
function registerUpdateGauges(registry: Registry, updates: GaugeSources["updates"]): void {
  const gauge = (name: string, help: string, read: (set: MeasuredSet) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["engine", "set"],
      registers: [registry],
      async collect() {
        const sets = await updates();
        this.reset();
        for (const one of sets) this.set({ engine: one.engine, set: one.set }, read(one));
      },
    });
  gauge("scanmesh_update_held", "1 while an update of a set is held until somebody decides.", ({ state }) =>
    Number(state === "HELD"),
  );
  gauge("scanmesh_update_rolled_back", "1 if the last update of a set was rolled back.", ({ state }) =>
    Number(state === "ROLLED_BACK"),
  );
}

/** What agents report about their engines. When an agent is gone, so are its engines' gauges. */
function registerEngineGauges(registry: Registry, agents: GaugeSources["agents"]): void {
  const gauge = (name: string, help: string, read: (engine: EnginePresence) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ["engine", "agent"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { agent, engines } of agents()) {
          for (const engine of engines) {
            const value = read(engine);
            if (value !== undefined) this.set({ engine: engine.name, agent }, value);
          }
        }
      },
    });
  gauge("scanmesh_engine_stale", "1 while an antivirus engine's signatures are older than its manifest allows.", (engine) =>
    Number(hasStaleSignatures(engine)),
  );
  gauge("scanmesh_engine_outdated", "1 while an engine says that it is too old for its signatures.", ({ outdated }) =>
    Number(outdated === true),
  );
  gauge("scanmesh_engine_signature_age_seconds", "Age of an antivirus engine's signatures, where it is known.", (engine) => {
    const age = signatureAge(engine);
    return age === undefined ? undefined : age / 1_000;
  });
  gauge(
    "scanmesh_engine_warnings",
    "What is to be put right although the engine works, such as signatures that do not load.",
    ({ warnings }) => warnings.length,
  );
}
