import type { Logger } from "pino";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import { MalformedMessage, parseMessage, Presence, type EnginePresence } from "../../schema/messages.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import type { AnnouncedVersions } from "../db/reuse.js";
import { enterEngines, noteHealthy, noteUnhealthy } from "../db/engines.js";
import { createCatalogue, differs, isFresh, judged, type Catalogue } from "./catalogue.js";

/** Which agents are there, by their heartbeats, and the catalogue's memory of their engines. */
export interface Fleet {
  /** A change of presence in the account of a class. */
  hear(internet: InternetClass, agent: string, value: Uint8Array | undefined): void;
  /** Agents that have not missed three heartbeats, by id. An engine that differs from the mesh is shown as unhealthy. */
  agents(): readonly Presence[];
  /** What agents announce of an engine otherwise than the catalogue has it, as of the last reading. */
  differing(name: string): readonly { agent: string; engine: EnginePresence }[];
  /** Agents that take work for an engine although it differs from the mesh, or take none although it does not any more. */
  staleRefusals(): { agent: string; internet: InternetClass; engine: string; reason: string | null }[];
  /** The class of a known engine by its subject token. */
  classOf(token: string): InternetClass | undefined;
  /** Reads the catalogue, enters new engines and notes which are healthy. Runs by itself about once a second. */
  note(): Promise<void>;
  /** Reads the catalogue, and sees to it that each engine's durable stands where it says. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** What an agent said of an engine, and when. */
interface Announced {
  readonly engine: EnginePresence;
  readonly at: number;
}

interface Heard {
  readonly presence: Presence;
  readonly at: number;
}

const NOTE_MS = 1_000;
const MISSED_HEARTBEATS = 3;
/** An engine that is being started or tested is not given up at once: its scans wait for it. */
const UNHEALTHY_AFTER_MS = 30_000;

export function createFleet(db: Database, bus: Bus, log: Logger): Fleet {
  const agents = new Map<string, Heard>();
  const load = createCatalogue(db, bus);
  let catalogue: Catalogue | undefined;
  let announced = new Map<string, Announced>();
  const unhealthySince = new Map<string, number>();
  let noting: Promise<void> | undefined;

  function present(): Presence[] {
    const now = performance.now();
    for (const [key, { presence, at }] of agents) if (now - at > MISSED_HEARTBEATS * presence.heartbeatMs) agents.delete(key);
    return [...agents.values()].map(({ presence }) => presence).toSorted((a, b) => (a.agent < b.agent ? -1 : 1));
  }

  /** A new engine's durable stands before its row is committed, so that no request is older than its durable. */
  async function enter(engines: readonly EnginePresence[]): Promise<void> {
    for (const engine of engines) await bus.account(internetClass(engine.internet)).ensureDurable(engine);
    await enterEngines(db, engines);
    for (const engine of engines)
      log.info({ engine: engine.name, speed: engine.speed, internet: engine.internet }, "a new engine");
    catalogue = await load();
  }

  async function note(): Promise<void> {
    catalogue = await load();
    const heard = announced;
    announced = new Map();
    try {
      const fresh = [...heard.values()].map(({ engine }) => engine).filter((engine) => isFresh(catalogue, engine));
      if (fresh.length > 0) await enter(fresh);
      const healthy = [...heard.values()].filter(({ engine }) => engine.healthy && differs(catalogue, engine) === undefined);
      const now = performance.now();
      const seen = healthy.map(({ engine, at }) => ({ ...engine, agoMs: now - at }));
      if (seen.length > 0) await noteHealthy(db, seen);
      await noteUnhealthy(db, givenUp([...heard.values()].map(({ engine }) => engine)));
    } catch (error) {
      announced = new Map([...heard, ...announced]);
      throw error;
    }
  }

  /** Engines that agents have announced for a while, and none of those that are there as healthy. */
  function givenUp(engines: readonly EnginePresence[]): { name: string; reason: string }[] {
    const now = performance.now();
    const announcedNow = present()
      .flatMap(enginesToNote)
      .map((engine) => judged(catalogue, engine));
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

  /** One at a time; what is heard meanwhile is noted next. */
  function noteOnce(): Promise<void> {
    noting ??= note().finally(() => (noting = undefined));
    return noting;
  }

  function noteOrLog(): void {
    noteOnce().catch((error: unknown) => log.warn({ err: error }, "presence cannot be noted now"));
  }

  const timer = setInterval(noteOrLog, NOTE_MS);

  return {
    hear(internet, agent, value) {
      const key = `${internet} ${agent}`;
      if (value === undefined) return void agents.delete(key);
      const presence = readPresence(log, internet, agent, value);
      if (!presence) return;
      const isNew = !agents.has(key);
      agents.set(key, { presence, at: performance.now() });
      for (const engine of enginesToNote(presence)) {
        const token = engineToken(engine.name);
        const before = announced.get(token)?.engine;
        if (!before?.healthy || engine.healthy) announced.set(token, { engine, at: performance.now() });
      }
      if (isNew) noteOrLog();
    },
    agents: () =>
      present().map((presence) => ({ ...presence, engines: presence.engines.map((engine) => judged(catalogue, engine)) })),
    differing: (name) =>
      present().flatMap(({ agent, engines }) =>
        engines
          .filter((engine) => engineToken(engine.name) === engineToken(name) && differs(catalogue, engine) !== undefined)
          .map((engine) => ({ agent, engine })),
      ),
    staleRefusals: () =>
      present().flatMap(({ agent, class: internet, engines }) =>
        engines.flatMap((engine) => {
          const reason = differs(catalogue, engine) ?? null;
          return knows(engine, reason) ? [] : [{ agent, internet, engine: engine.name, reason }];
        }),
      ),
    classOf: (token) => {
      const engine = catalogue?.get(token);
      return engine && internetClass(engine.internet);
    },
    note: noteOnce,
    async refresh() {
      catalogue = await load();
    },
    async stop() {
      clearInterval(timer);
      await noting;
    },
  };
}

/** A cordoned agent stays and takes no work; one that drains is expected back, or its engines become too old. */
function enginesToNote({ state, agent, engines }: Presence): readonly EnginePresence[] {
  if (state === "READY") return engines;
  if (state === "DRAINING") return [];
  return engines.map((engine) => ({ ...engine, healthy: false, reason: `the agent ${agent} is cordoned`, cause: null }));
}

/**
 * Whether an agent's presence shows that it was told why its engine is refused; null: that it is not. An older agent sends no
 * cause: what it refuses and what is broken look alike, so it is told again as long as the engine is unhealthy, which is harmless.
 */
function knows({ healthy, cause }: EnginePresence, reason: string | null): boolean {
  if (reason !== null) return !healthy;
  return cause === undefined ? healthy : cause !== "REFUSED";
}

/** An agent speaks for itself, in its own class, or not at all. */
function readPresence(log: Logger, internet: InternetClass, agent: string, value: Uint8Array): Presence | undefined {
  try {
    const presence = parseMessage(Presence, value);
    if (presence.agent !== agent) throw new MalformedMessage(`agent is ${presence.agent}`);
    if (presence.class !== internet) throw new MalformedMessage(`class is ${presence.class}`);
    const stranger = presence.engines.find((engine) => internetClass(engine.internet) !== internet);
    if (stranger) throw new MalformedMessage(`${stranger.name} is not of class ${internet}`);
    return presence;
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    log.warn({ err: error, agent, internet }, "an agent's presence is ignored");
    return undefined;
  }
}

/** Agents that run an engine now, and their slots in all. */
export function serving(fleet: Fleet, { name }: Pick<EngineRecord, "name">): { agents: number; slots: number } {
  const here = fleet
    .agents()
    .filter(({ state }) => state === "READY")
    .flatMap(({ engines }) => engines.filter((engine) => engine.healthy && engineToken(engine.name) === engineToken(name)));
  return { agents: here.length, slots: here.reduce((sum, { slots }) => sum + slots, 0) };
}

/** What the healthy engines of the agents that are there say of their versions, by the ids of a catalogue. */
export function announcedVersions(fleet: Fleet, catalogue: readonly EngineRecord[]): AnnouncedVersions {
  const idOf = new Map(catalogue.map(({ name, engineId }) => [engineToken(name), engineId]));
  const healthy = fleet.agents().flatMap(({ engines }) => engines.filter((engine) => engine.healthy));
  return healthy.flatMap(({ name, versions }) => {
    const engineId = idOf.get(engineToken(name));
    return engineId === undefined ? [] : [{ engineId, versions }];
  });
}
