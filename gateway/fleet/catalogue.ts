import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/messages.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { GatewayError } from "../errors.js";

/** The catalogue as this gateway has read it last, by the subject tokens of the engines. */
export type Catalogue = ReadonlyMap<string, EngineRecord>;

/** Returns a function that reads the catalogue, and creates, moves or removes the durables of engines to match it. */
export function createCatalogue(db: Database, bus: Bus, log: Logger): () => Promise<Catalogue> {
  const standing = new Map<string, EngineRecord>();

  /** If NATS is away or refuses the durable, the next reading of the catalogue tries again; other engines have theirs meanwhile. */
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
      // A refusal is logged by the account, once.
      if (!(error instanceof GatewayError))
        log.debug({ err: error, engine: engine.name }, "cannot make the durable of an engine");
    }
  }

  /** Of an engine that was taken out of the catalogue, by whichever gateway: otherwise this one makes it again when it is missing. */
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

  // One reading after the other, so that an older catalogue does not move a durable after a newer one has.
  let reading: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = reading.then(read, read);
    reading = mine;
    return mine;
  };
}

/**
 * Whether an engine is to be inserted as its agent announces it: it is not in the catalogue, or has never run here, as an engine that
 * an import has brought.
 */
export function isNew(catalogue: Catalogue | undefined, engine: EnginePresence): boolean {
  const known = catalogue?.get(engineToken(engine.name));
  return known === undefined || (known.lastHealthyAt === null && difference(catalogue, engine) !== undefined);
}

/** In what an announced engine differs from the catalogue; undefined if it does not. */
export function difference(catalogue: Catalogue | undefined, engine: EnginePresence): string | undefined {
  const known = catalogue?.get(engineToken(engine.name));
  if (!known) return undefined;
  const keys = (["name", "type", "speed", "internet", "input"] as const).filter((key) => known[key] !== engine[key]);
  if (keys.length === 0) return undefined;
  return `differs from the mesh: ${keys.map((key) => `${key} is ${known[key]} there and ${engine[key]} here`).join(", ")}`;
}

/** Whether the catalogue has an engine of that name in the other class: what is announced is another engine. */
export function isOfOtherClass(catalogue: Catalogue | undefined, engine: EnginePresence): boolean {
  const known = catalogue?.get(engineToken(engine.name));
  return known !== undefined && known.internet !== engine.internet;
}

/** The engine as announced, but unhealthy if it differs from the catalogue. */
export function withDifference(catalogue: Catalogue | undefined, engine: EnginePresence): EnginePresence {
  const reason = difference(catalogue, engine);
  return reason === undefined ? engine : { ...engine, healthy: false, reason, cause: "REFUSED" };
}
