import type { Logger } from "pino";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import type { EnginePresence, Presence } from "../../schema/messages.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import type { AnnouncedFingerprints } from "../db/reuse.js";
import { DatabaseAway } from "../errors.js";
import { isDataError } from "../db/database.js";
import { insertEngines, markHealthy, markUnhealthy } from "../db/engines.js";
import { createCatalogue, difference, isNew, isOfOtherClass, withDifference, type Catalogue } from "./catalogue.js";
import { createHosts } from "./hosts.js";
import { announcedEngines, readPresence } from "./presence.js";

/** The agents that send heartbeats, and their engines, which it records in the catalogue. */
export interface Fleet {
  /** Takes a change of an agent's presence, from the account of that class. */
  onPresence(internet: InternetClass, agent: string, value: Uint8Array | undefined): void;
  /** The agents that have not missed three heartbeats, by id. An engine that differs from the catalogue is shown as unhealthy. */
  agents(): readonly Presence[];
  /** The announcements of an engine that differ from the catalogue, as it was read last. */
  differingEngines(name: string): readonly { agent: string; engine: EnginePresence }[];
  /**
   * Refusals that an agent's presence does not show yet, because its engine differs from the catalogue, and, with `reason` null,
   * those that it shows and should drop.
   */
  staleRefusals(): { agent: string; internet: InternetClass; engine: string; reason: string | null }[];
  /** The class of a known engine by its subject token. */
  classOf(token: string): InternetClass | undefined;
  /** Inserts new engines into the catalogue and records which are healthy. Runs by itself about once a second. */
  recordPresence(): Promise<void>;
  /** Reads the catalogue, and creates or moves durables to match it. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** The last announcement of an engine by one agent. */
interface Announced {
  readonly engine: EnginePresence;
  readonly at: number;
}

interface ReceivedPresence {
  readonly presence: Presence;
  readonly at: number;
}

const RECORD_MS = 1_000;
const MISSED_HEARTBEATS = 3;
/** An engine that is being started or tested counts as available for so long: its scans wait for it. */
const UNHEALTHY_AFTER_MS = 30_000;

export function createFleet(db: Database, bus: Bus, log: Logger): Fleet {
  const agents = new Map<string, ReceivedPresence>();
  const hosts = createHosts(db, log);
  const load = createCatalogue(db, bus, log);
  let catalogue: Catalogue | undefined;
  /** By class, agent and engine: what one agent announces replaces nothing of another. */
  let announced = new Map<string, Announced>();
  const unhealthySince = new Map<string, number>();
  let recording: Promise<void> | undefined;

  function present(): Presence[] {
    const now = performance.now();
    for (const [key, { presence, at }] of agents) if (now - at > MISSED_HEARTBEATS * presence.heartbeatMs) agents.delete(key);
    return [...agents.values()].map(({ presence }) => presence).toSorted((a, b) => (a.agent < b.agent ? -1 : 1));
  }

  /**
   * The durable of a new engine is created before its row is committed, so that no request is older than its durable. An engine that
   * NATS or Postgres refuses costs no other; it is tried again when it is announced again.
   */
  async function insert(engines: readonly EnginePresence[]): Promise<void> {
    for (const engine of engines) {
      const { name, speed, internet } = engine;
      try {
        await bus.account(internetClass(internet)).ensureDurable(engine);
        await insertEngines(db, [engine]);
        log.info({ engine: name, speed, internet }, "new engine in the catalogue");
      } catch (error) {
        // An account that is away costs the engines of the other one nothing.
        if (error instanceof DatabaseAway) throw error;
        log.warn(
          { err: error, engine: name },
          "cannot take a new engine into the catalogue; retrying when it is announced again",
        );
      }
    }
    catalogue = await load();
  }

  async function record(): Promise<void> {
    catalogue = await load();
    const announcements = announced;
    announced = new Map();
    try {
      const all = [...announcements.values()];
      const fresh = newest(all.filter(({ engine }) => isNew(catalogue, engine)));
      if (fresh.length > 0) await insert(fresh.map(({ engine }) => engine));
      const healthy = newest(all.filter(({ engine }) => engine.healthy && difference(catalogue, engine) === undefined));
      const now = performance.now();
      await markAll(healthy.map(({ engine, at }) => ({ ...engine, agoMs: now - at })));
      await hosts.record(present());
      await markUnhealthy(db, findUnhealthy(newest(all).map(({ engine }) => engine)));
    } catch (error) {
      announced = new Map([...announcements, ...announced]);
      throw error;
    }
  }

  /** Engines of which Postgres refuses something cost no other engine its health. */
  async function markAll(seen: readonly (EnginePresence & { agoMs: number })[]): Promise<void> {
    if (seen.length === 0) return;
    try {
      await markHealthy(db, seen);
    } catch (error) {
      if (!isDataError(error)) throw error;
      if (seen.length > 1) {
        for (const one of seen) await markAll([one]);
        return;
      }
      log.warn({ err: error, engine: seen[0]?.name }, "Postgres refuses what an agent says of an engine");
    }
  }

  /** Engines that agents have announced for a while, but no present agent as healthy. */
  function findUnhealthy(engines: readonly EnginePresence[]): { name: string; reason: string }[] {
    const now = performance.now();
    // What the other class announces under the name of an engine says nothing of that engine.
    const announcedNow = present()
      .flatMap(announcedEngines)
      .filter((engine) => !isOfOtherClass(catalogue, engine))
      .map((engine) => withDifference(catalogue, engine));
    return engines.flatMap(({ name }) => {
      const token = engineToken(name);
      const here = announcedNow.filter((engine) => engineToken(engine.name) === token);
      if (here.length === 0 || here.some(({ healthy }) => healthy)) unhealthySince.delete(token);
      else if (!unhealthySince.has(token)) unhealthySince.set(token, now);
      const since = unhealthySince.get(token);
      if (since === undefined || now - since < UNHEALTHY_AFTER_MS) return [];
      return [{ name, reason: here[0]?.reason ?? "unhealthy" }];
    });
  }

  /** One at a time; what arrives meanwhile is recorded the next time. */
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
      const key = `${internet} ${agent}`;
      if (value === undefined) return void agents.delete(key);
      const presence = readPresence(internet, agent, value, log);
      if (presence.goodbye === "REMOVED") {
        agents.delete(key);
        return hosts.leave(internet, agent);
      }
      const isNew = !agents.has(key);
      agents.set(key, { presence, at: performance.now() });
      for (const engine of announcedEngines(presence)) {
        const announcer = `${key} ${engineToken(engine.name)}`;
        const before = announced.get(announcer)?.engine;
        if (!before?.healthy || engine.healthy) announced.set(announcer, { engine, at: performance.now() });
      }
      if (isNew) recordOrLog();
    },
    agents: () =>
      present().map((presence) => ({
        ...presence,
        engines: presence.engines.map((engine) => withDifference(catalogue, engine)),
      })),
    differingEngines: (name) =>
      present().flatMap(({ agent, engines }) =>
        engines
          .filter((engine) => engineToken(engine.name) === engineToken(name) && difference(catalogue, engine) !== undefined)
          .map((engine) => ({ agent, engine })),
      ),
    staleRefusals: () =>
      present().flatMap(({ agent, class: internet, engines }) =>
        engines.flatMap((engine) => {
          const reason = difference(catalogue, engine) ?? null;
          return obeysRefusal(engine, reason) ? [] : [{ agent, internet, engine: engine.name, reason }];
        }),
      ),
    classOf: (token) => {
      const engine = catalogue?.get(token);
      return engine && internetClass(engine.internet);
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

/** The newest announcement of each engine; of those that both classes announce, the isolated one. */
function newest(announcements: readonly Announced[]): Announced[] {
  const inOrder = announcements.toSorted((a, b) => Number(b.engine.internet) - Number(a.engine.internet) || a.at - b.at);
  return [...new Map(inOrder.map((one) => [engineToken(one.engine.name), one])).values()];
}

/**
 * Whether an agent's presence shows that it refuses its engine for this reason, or, with null, that it does not. An older agent sends
 * no cause: what it refuses and what is broken look alike, so it is told again as long as the engine is unhealthy, which is harmless.
 */
function obeysRefusal({ healthy, cause }: EnginePresence, reason: string | null): boolean {
  if (reason !== null) return !healthy;
  return cause === undefined ? healthy : cause !== "REFUSED";
}

/** The engines that are off on all agents that are there, though they could run them. */
export function enginesOff(fleet: Fleet): string[] {
  return [...new Set(fleet.agents().flatMap(({ off }) => off ?? []))];
}

/** How many agents run an engine now, and how many slots they have for it together. */
export function serving(fleet: Fleet, { name }: Pick<EngineRecord, "name">): { agents: number; slots: number } {
  const here = fleet
    .agents()
    .filter(({ state }) => state === "READY")
    .flatMap(({ engines }) => engines.filter((engine) => engine.healthy && engineToken(engine.name) === engineToken(name)));
  return { agents: here.length, slots: here.reduce((sum, { slots }) => sum + slots, 0) };
}

/** What the answers of the healthy engines of present agents depend on, as far as it is known. */
export function announcedFingerprints(fleet: Fleet, catalogue: readonly EngineRecord[]): AnnouncedFingerprints {
  const idOf = new Map(catalogue.map(({ name, engineId }) => [engineToken(name), engineId]));
  const healthy = fleet.agents().flatMap(({ engines }) => engines.filter((engine) => engine.healthy));
  return healthy.flatMap(({ name, fingerprint }) => {
    const engineId = idOf.get(engineToken(name));
    return engineId === undefined || fingerprint === undefined ? [] : [{ engineId, fingerprint }];
  });
}
