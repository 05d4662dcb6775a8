import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/messages.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { GatewayError } from "../errors.js";

/** The catalogue as this gateway read it last, by the engines' subject tokens. */
export type Catalogue = ReadonlyMap<string, EngineRecord>;

/** Reads the catalogue again, and sees to it that each engine's durable stands where it says. */
export function createCatalogue(db: Database, bus: Bus): () => Promise<Catalogue> {
  const standing = new Map<string, EngineRecord>();

  /** While the bus is away it is tried again at the next reading. */
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
      if (!(error instanceof GatewayError)) throw error;
    }
  }

  async function read(): Promise<Catalogue> {
    const engines = await readEngines(db);
    for (const engine of engines) await keepDurable(engine);
    return new Map(engines.map((engine) => [engineToken(engine.name), engine]));
  }

  // One after the other: what was read first must not move a durable last.
  let reading: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = reading.then(read, read);
    reading = mine;
    return mine;
  };
}

/** Not in the catalogue, or there only by name: an engine that never ran here, such as an imported one, is what its agent says. */
export function isFresh(catalogue: Catalogue | undefined, engine: EnginePresence): boolean {
  const known = catalogue?.get(engineToken(engine.name));
  return known === undefined || (known.lastHealthyAt === null && differs(catalogue, engine) !== undefined);
}

/** How what an agent announces is otherwise than the catalogue has it. */
export function differs(catalogue: Catalogue | undefined, engine: EnginePresence): string | undefined {
  const known = catalogue?.get(engineToken(engine.name));
  if (!known) return undefined;
  const keys = (["name", "type", "speed", "internet", "input"] as const).filter((key) => known[key] !== engine[key]);
  if (keys.length === 0) return undefined;
  return `differs from the mesh: ${keys.map((key) => `${key} is ${known[key]} there and ${engine[key]} here`).join(", ")}`;
}

/** What an agent announces, as unhealthy if it differs. */
export function judged(catalogue: Catalogue | undefined, engine: EnginePresence): EnginePresence {
  const difference = differs(catalogue, engine);
  return difference === undefined ? engine : { ...engine, healthy: false, reason: difference, cause: "REFUSED" };
}
