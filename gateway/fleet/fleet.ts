import type { Logger } from "pino";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import type { EnginePresence, Presence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { markAnswered, markPresent, markUnhealthy, type UnhealthyEngine } from "../db/engines.js";
import type { Metrics } from "../metrics.js";
import {
  createCatalogue,
  difference,
  isNew,
  isOfOtherClass,
  refusal,
  withRefusal,
  withUnreadable,
  type Catalogue,
} from "./catalogue.js";
import { createHealth, recordHealthy } from "./health.js";
import { createHosts } from "./hosts.js";
import { createInstances } from "./instances.js";
import { createNewEngines } from "./new-engines.js";
import { announcedEngines, readPresence, type PresentAgent } from "./presence.js";
import { createPresentAgents, presentMs } from "./present-agents.js";
import { withoutWork, type Sealing } from "./sealing.js";

/** The agents that send heartbeats. Records their engines in the catalogue. */
export interface Fleet {
  /** Handles a change of an agent's presence in the account of its class. */
  onPresence(internet: InternetClass, agent: string, value: Uint8Array | undefined): void;
  /** The agents that have not missed three heartbeats, by id. Refused engines are shown as unhealthy. */
  agents(): readonly PresentAgent[];
  /** The same agents as they announce themselves, unordered: for lookups that happen for each sample. */
  presences(): readonly Presence[];
  /** The announcements of an engine that differ from the catalogue, as last read. */
  differingEngines(name: string): readonly { agent: string; engine: EnginePresence }[];
  /**
   * Refusals that an agent's presence does not show yet, because its engine differs from the catalogue or exceeds its limit. Also, with
   * `reason` null, refusals that it shows and should drop.
   */
  staleRefusals(): { agent: string; internet: InternetClass; engine: string; reason: string | null }[];
  /** The class of a known engine by its subject token. */
  classOf(token: string): InternetClass | undefined;
  /** Notes that engines, given by subject token, have returned a result. */
  noteAnswers(tokens: readonly string[]): void;
  /** Inserts new engines into the catalogue and records which are healthy. Runs automatically about once a second. */
  recordPresence(): Promise<void>;
  /** Reads the catalogue, and creates or moves durables to match it. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** The last announcement of an engine by an agent. */
interface Announced {
  readonly engine: EnginePresence;
  readonly at: number;
}

const RECORD_MS = 1_000;

/** What a fleet depends on. */
export interface FleetParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly enginesMax: number;
  /** Called when a second agent with the same key was heard; it is ignored. */
  readonly onCopy?: ((internet: InternetClass, agent: string, instance: string) => void) | undefined;
  /** Called with the engines for which an agent may take work, each time it is heard. */
  readonly onEngines?: ((agent: string, internet: InternetClass, engines: readonly string[]) => void) | undefined;
  readonly sealing: Sealing;
}

export function createFleet({ db, bus, log, metrics, enginesMax, onEngines, onCopy, sealing }: FleetParts): Fleet {
  const agents = createPresentAgents(log, (internet) => metrics.agentsRefused.labels(internet).inc());
  const findUnhealthy = createHealth();
  const instances = createInstances();
  const hosts = createHosts(db, log);
  const load = createCatalogue(db, bus, log);
  const takeNew = createNewEngines({ db, bus, log, enginesMax });
  let catalogue: Catalogue | undefined;
  /** By class, agent and engine, so that agents do not overwrite each other's announcements. */
  let announced = new Map<string, Announced>();
  const answered = new Set<string>();
  /** When the presence of new engines was last recorded; reset for engines that were not in the catalogue when they were heard. */
  let recordedAt = 0;
  let recording: Promise<void> | undefined;

  function announcing(): PresentAgent[] {
    const heard = agents.list().map((agent) => withUnreadable(catalogue, agent));
    return heard.toSorted((a, b) => (a.agent < b.agent ? -1 : 1));
  }

  const present = () => announcing().map((agent) => withoutWork(agent, sealing.refusal(agent)));

  async function record(): Promise<void> {
    catalogue = await load();
    const announcements = announced;
    announced = new Map();
    try {
      const all = [...announcements.values()];
      const fresh = newest(all.filter(({ engine }) => isNew(catalogue, engine)));
      if (
        await takeNew(
          catalogue,
          fresh.map(({ engine }) => engine),
        )
      ) {
        recordedAt = 0;
        catalogue = await load();
      }
      await recordNew();
      const healthy = newest(all.filter(({ engine }) => engine.healthy && difference(catalogue, engine) === undefined));
      const now = performance.now();
      await recordHealthy(
        db,
        log,
        healthy.map(({ engine, at }) => ({ ...engine, agoMs: now - at })),
      );
      await hosts.record(present());
      await sealing.hasBegun();
      await markUnhealthy(db, unhealthyEngines());
    } catch (error) {
      announced = new Map([...announcements, ...announced]);
      throw error;
    }
  }

  /** Engines without a result yet are expected while an agent that has them is present, healthy or not. */
  async function recordNew(): Promise<void> {
    const tokens = [...answered];
    if (tokens.length > 0) await markAnswered(db, tokens);
    for (const token of tokens) answered.delete(token);
    const now = performance.now();
    const until = new Map<string, number>();
    for (const heard of agents.list()) {
      if (heard.at <= recordedAt) continue;
      for (const { name } of withUnreadable(catalogue, heard).engines) {
        const token = engineToken(name);
        const known = catalogue?.get(token);
        if (!known || known.answered || internetClass(known.internet) !== heard.presence.class) continue;
        until.set(token, Math.max(until.get(token) ?? 0, heard.at + presentMs(heard.presence) - now));
      }
    }
    if (until.size > 0) await markPresent(db, until);
    recordedAt = now;
  }

  /** Engines of the catalogue that present agents have but none can run. */
  function unhealthyEngines(): UnhealthyEngine[] {
    // Announcements by the other class are about a different engine of the same name.
    const here = present()
      .flatMap(announcedEngines)
      .filter((engine) => catalogue?.has(engineToken(engine.name)) && !isOfOtherClass(catalogue, engine))
      .map((engine) => withRefusal(catalogue, engine, enginesMax));
    return findUnhealthy({ here, away: agents.away() });
  }

  /** One at a time; announcements that arrive meanwhile are recorded by the next run. */
  function recordOnce(): Promise<void> {
    recording ??= record().finally(() => (recording = undefined));
    return recording;
  }

  function recordOrLog(): void {
    recordOnce().catch((error: unknown) => log.warn({ err: error }, "cannot record the presence of agents; retrying"));
  }

  const timer = setInterval(recordOrLog, RECORD_MS);

  return {
    onPresence(internet, agent, value) {
      if (value === undefined) {
        instances.leave(internet, agent);
        return agents.leave(internet, agent, "RESTARTING");
      }
      const heard = readPresence(internet, agent, value, log);
      const { presence } = heard;
      if (presence.instance !== undefined && instances.isCopy(presence)) return onCopy?.(internet, agent, presence.instance);
      if (presence.goodbye === "REMOVED") {
        instances.leave(internet, agent);
        agents.leave(internet, agent, "REMOVED");
        return hosts.leave(internet, agent);
      }
      const place = agents.hear(agent, heard, value.length);
      if (place === "REFUSED") return;
      const taken = presence.engines.filter((engine) => refusal(catalogue, engine, enginesMax) === undefined);
      onEngines?.(
        agent,
        internet,
        taken.map(({ name }) => name),
      );
      for (const engine of announcedEngines(withoutWork(presence, sealing.refusal(presence)))) {
        const announcer = `${internet} ${agent} ${engineToken(engine.name)}`;
        const before = announced.get(announcer)?.engine;
        if (!before?.healthy || engine.healthy) announced.set(announcer, { engine, at: performance.now() });
      }
      if (place === "NEW") recordOrLog();
    },
    agents: () =>
      present().map((presence) => ({
        ...presence,
        engines: presence.engines.map((engine) => withRefusal(catalogue, engine, enginesMax)),
      })),
    presences: () => agents.list().map(({ presence }) => presence),
    differingEngines: (name) =>
      present().flatMap(({ agent, engines }) =>
        engines
          .filter((engine) => engineToken(engine.name) === engineToken(name) && difference(catalogue, engine) !== undefined)
          .map((engine) => ({ agent, engine })),
      ),
    staleRefusals: () =>
      announcing().flatMap((agent) =>
        agent.engines.flatMap((engine) => {
          const reason = refusal(catalogue, engine, enginesMax) ?? sealing.refusal(agent) ?? null;
          return obeysRefusal(engine, reason) ? [] : [{ agent: agent.agent, internet: agent.class, engine: engine.name, reason }];
        }),
      ),
    classOf: (token) => {
      const engine = catalogue?.get(token);
      return engine && internetClass(engine.internet);
    },
    noteAnswers(tokens) {
      for (const token of tokens) if (catalogue?.get(token)?.answered === false) answered.add(token);
    },
    recordPresence: recordOnce,
    async refresh() {
      catalogue = await load();
    },
    async stop() {
      clearInterval(timer);
      await recording;
    },
  };
}

/** The newest announcement of each engine; if both classes announce it, the isolated one. */
function newest(announcements: readonly Announced[]): Announced[] {
  const inOrder = announcements.toSorted((a, b) => Number(b.engine.internet) - Number(a.engine.internet) || a.at - b.at);
  return [...new Map(inOrder.map((one) => [engineToken(one.engine.name), one])).values()];
}

/**
 * Whether an agent's presence shows that it refuses its engine, or, with null, that it does not. Older agents send no cause, so a refused
 * and a broken engine look alike; the agent is told again while the engine is unhealthy, which is harmless.
 */
function obeysRefusal({ healthy, cause }: EnginePresence, reason: string | null): boolean {
  if (reason !== null) return !healthy;
  return cause === undefined ? healthy : cause !== "REFUSED";
}
