import { commonVersion, OLD_MESSAGE_VERSION } from "../../schema/message-version.js";
import type { Database } from "../db/database.js";
import { readMessageVersions } from "../db/gateways.js";
import type { Fleet } from "./fleet.js";

/** In which version messages are written now. */
export interface MessageVersion {
  /** The newest that all agents and gateways that are there read; the older one until it is known who is there. */
  current(): number;
  /** Asks Postgres which gateways are there. */
  refresh(): Promise<void>;
}

export function createMessageVersion(db: Database, fleet: Pick<Fleet, "presences">): MessageVersion {
  let gateways: number = OLD_MESSAGE_VERSION;
  return {
    current() {
      if (gateways === OLD_MESSAGE_VERSION) return gateways;
      return commonVersion([gateways, ...fleet.presences().map(({ messages }) => messages)]);
    },
    async refresh() {
      gateways = commonVersion(await readMessageVersions(db));
    },
  };
}
