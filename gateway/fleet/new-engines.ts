import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { insertEngines } from "../db/engines.js";
import { DatabaseAway } from "../errors.js";
import { roomIn, type Catalogue } from "./catalogue.js";

/** What is needed to add engines to the catalogue. */
interface NewEnginesParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly enginesMax: number;
}

/** Returns a function that adds announced engines to the catalogue, as far as it has room, and returns whether there was room for any. */
export function createNewEngines({ db, bus, log, enginesMax }: NewEnginesParts) {
  let isFull = false;

  /** Without a limit, an agent that keeps renaming its engines would fill the catalogue and NATS. */
  function withinRoom(catalogue: Catalogue, fresh: readonly EnginePresence[]): readonly EnginePresence[] {
    let room = roomIn(catalogue, enginesMax);
    const refused: string[] = [];
    const taken = fresh.filter(({ name }) => {
      if (catalogue.has(engineToken(name)) || room-- > 0) return true;
      refused.push(name);
      return false;
    });
    if (refused.length > 0 && !isFull)
      log.warn(
        { engines: refused.slice(0, 10), enginesMax },
        "the catalogue is full and new engines are refused: remove engines that are gone, or raise SCANMESH_ENGINES_MAX",
      );
    isFull = refused.length > 0 || (isFull && room <= 0);
    return taken;
  }

  /**
   * The durable of a new engine is created before its row is committed, so that no request is older than its durable. An engine that NATS
   * or Postgres refuses does not hold up the others; it is retried when it is announced again.
   */
  async function insert(engine: EnginePresence): Promise<void> {
    const { name, speed, internet } = engine;
    try {
      await bus.account(internetClass(internet)).ensureDurable(engine);
      await insertEngines(db, [engine]);
      log.info({ engine: name, speed, internet }, "new engine in the catalogue");
    } catch (error) {
      // An outage of one account does not hold up engines of the other.
      if (error instanceof DatabaseAway) throw error;
      log.warn({ err: error, engine: name }, "cannot take a new engine into the catalogue; retrying when it is announced again");
    }
  }

  return async (catalogue: Catalogue, fresh: readonly EnginePresence[]): Promise<boolean> => {
    const taken = withinRoom(catalogue, fresh);
    for (const engine of taken) await insert(engine);
    return taken.length > 0;
  };
}
