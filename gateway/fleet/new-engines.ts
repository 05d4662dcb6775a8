import type { Logger } from "pino";
import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { insertEngines } from "../db/engines.js";
import { DatabaseAway } from "../errors.js";
import { roomIn, type Catalogue } from "./catalogue.js";

/** What takes engines into the catalogue. */
interface NewEnginesParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly enginesMax: number;
}

/** Takes engines that agents announce into the catalogue, as far as it has room; whether it had room for any. */
export function createNewEngines({ db, bus, log, enginesMax }: NewEnginesParts) {
  let isFull = false;

  /** An agent that changes the names of its engines would fill the catalogue and NATS for ever. */
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
   * The durable of a new engine is created before its row is committed, so that no request is older than its durable. An engine that
   * NATS or Postgres refuses costs no other; it is tried again when it is announced again.
   */
  async function insert(engine: EnginePresence): Promise<void> {
    const { name, speed, internet } = engine;
    try {
      await bus.account(internetClass(internet)).ensureDurable(engine);
      await insertEngines(db, [engine]);
      log.info({ engine: name, speed, internet }, "new engine in the catalogue");
    } catch (error) {
      // An account that is away costs the engines of the other one nothing.
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
