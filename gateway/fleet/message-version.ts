import { commonVersion, OLD_MESSAGE_VERSION } from "../../schema/message-version.js";
import type { Database } from "../db/database.js";
import { readMessageVersions } from "../db/gateways.js";
import type { Fleet } from "./fleet.js";

/** The version in which messages are currently written. */
export interface MessageVersion {
  /** The newest version that all present agents and gateways can read; the old one until it is known who is present. */
  current(): number;
  /** Asks Postgres for the versions of live gateways. */
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
