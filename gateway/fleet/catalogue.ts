import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { PresentAgent } from "./presence.js";
import type { ReceivedPresence } from "./present-agents.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { GatewayError } from "../errors.js";

/** The catalogue as last read by this gateway, by the engines' subject tokens. */
export type Catalogue = ReadonlyMap<string, EngineRecord>;

/** Returns a function that reads the catalogue and creates, moves or removes engines' durables to match it. */
export function createCatalogue(db: Database, bus: Bus, log: Logger): () => Promise<Catalogue> {
  const standing = new Map<string, EngineRecord>();

  /** If NATS is away or refuses the durable, it is retried when the catalogue is read next. Other engines get theirs meanwhile. */
  async function keepDurable(engine: EngineRecord): Promise<void> {
    const token = engineToken(engine.name);
    const before = standing.get(token);
    if (before?.speed === engine.speed && before.internet === engine.internet) return;
    try {
      await bus.account(internetClass(engine.internet)).ensureDurable(engine);
      if (before && before.internet !== engine.internet)
        await bus.account(internetClass(before.internet)).dropDurable(before.name);
      standing.set(token, engine);
    } catch (error) {
      // The account has already logged a refusal, once.
      if (!(error instanceof GatewayError))
        log.debug({ err: error, engine: engine.name }, "cannot make the durable of an engine");
    }
  }

  /** For an engine that any gateway removed from the catalogue. Otherwise this gateway would recreate the durable. */
  async function dropDurable(token: string, engine: EngineRecord): Promise<void> {
    try {
      await bus.account(internetClass(engine.internet)).dropDurable(engine.name);
      standing.delete(token);
    } catch (error) {
      log.debug({ err: error, engine: engine.name }, "cannot remove the durable of an engine; retrying");
    }
  }

  async function read(): Promise<Catalogue> {
    const engines = await readEngines(db);
    for (const engine of engines) await keepDurable(engine);
    const catalogue = new Map(engines.map((engine) => [engineToken(engine.name), engine]));
    for (const [token, engine] of standing) if (!catalogue.has(token)) await dropDurable(token, engine);
    return catalogue;
  }

  // Reads run one after the other, so that an outdated catalogue cannot move a durable after a newer one has.
  let reading: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = reading.then(read, read);
    reading = mine;
    return mine;
  };
}

/** Whether an engine must be inserted as announced: it is not in the catalogue, or it came from an import and has never run here. */
export function isNew(catalogue: Catalogue | undefined, engine: EnginePresence): boolean {
  const known = catalogue?.get(engineToken(engine.name));
  return known === undefined || (known.lastHealthyAt === null && difference(catalogue, engine) !== undefined);
}

/** How an announced engine differs from the catalogue; undefined if it does not. */
export function difference(catalogue: Catalogue | undefined, engine: EnginePresence): string | undefined {
  const known = catalogue?.get(engineToken(engine.name));
  if (!known) return undefined;
  const keys = (["name", "type", "speed", "internet", "input"] as const).filter((key) => known[key] !== engine[key]);
  if (keys.length === 0) return undefined;
  return `differs from the mesh: ${keys.map((key) => `${key} is ${known[key]} there and ${engine[key]} here`).join(", ")}`;
}

/** Whether the catalogue has an engine of that name in the other class; then the announced one is a different engine. */
export function isOfOtherClass(catalogue: Catalogue | undefined, engine: EnginePresence): boolean {
  const known = catalogue?.get(engineToken(engine.name));
  return known !== undefined && known.internet !== engine.internet;
}

/** How many more engines agents may add. Engines that only come from an import do not count. */
export function roomIn(catalogue: Catalogue, enginesMax: number): number {
  const brought = [...catalogue.values()].filter(({ lastHealthyAt, answered }) => lastHealthyAt !== null || !answered);
  return Math.max(0, enginesMax - brought.length);
}

/** Why an announced engine gets no work in this mesh; undefined if it may. */
export function refusal(catalogue: Catalogue | undefined, engine: EnginePresence, enginesMax: number): string | undefined {
  if (!catalogue || catalogue.has(engineToken(engine.name))) return difference(catalogue, engine);
  if (roomIn(catalogue, enginesMax) > 0) return undefined;
  return (
    `the mesh takes no new engine: agents have brought ${enginesMax}, as many as SCANMESH_ENGINES_MAX lets in. ` +
    "Remove one that is gone (removeEngine), or raise it"
  );
}

/** An agent including the engines of which only the name is readable; these are completed from the catalogue and unhealthy. */
export function withUnreadable(catalogue: Catalogue | undefined, heard: ReceivedPresence): PresentAgent {
  const { presence, unreadable, incomplete, at } = heard;
  const readable = new Set(presence.engines.map(({ name }) => engineToken(name)));
  const others = new Map(unreadable.map((engine) => [engineToken(engine.name), engine]));
  const engines = [...others].flatMap(([token, { problem }]): EnginePresence[] => {
    const known = catalogue?.get(token);
    if (!known || readable.has(token) || internetClass(known.internet) !== presence.class) return [];
    const { name, type, speed, internet, input, accepts, detects } = known;
    const reason = `the gateway cannot read what the agent ${presence.agent} says of it: ${problem}`.slice(0, 1_024);
    const unknown = { image: null, slots: 1, busy: 0, runner: "unknown", testedAt: null, warnings: [] };
    const versions = { engine: null, signatures: null, signatureDate: null };
    return [{ ...unknown, name, type, speed, internet, input, accepts, detects, versions, healthy: false, reason, cause: null }];
  });
  return {
    ...presence,
    engines: [...presence.engines, ...engines],
    incomplete,
    lastHeardAt: new Date(Date.now() - (performance.now() - at)),
  };
}

/** The engine as announced, or unhealthy if it is refused. */
export function withRefusal(catalogue: Catalogue | undefined, engine: EnginePresence, enginesMax: number): EnginePresence {
  const reason = refusal(catalogue, engine, enginesMax);
  return reason === undefined ? engine : { ...engine, healthy: false, reason, cause: "REFUSED" };
}
