import { INTERNET_CLASSES, type InternetClass } from "../../schema/classes.js";
import { ownVersion } from "../../schema/version.js";
import type { Bus, StreamStatus } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { readDatabaseState, type DatabaseStatus } from "../db/database-state.js";
import { readGateways, readOutboxStatus, type GatewayRecord, type OutboxStatus } from "../db/gateways.js";
import { GatewayError } from "../errors.js";

interface Stores {
  readonly db: Database;
  readonly bus: Bus;
}

/** One account of the bus, as seen by this gateway. */
export interface AccountRecord {
  readonly class: InternetClass;
  readonly connected: boolean;
  readonly serverVersion: string | null;
  readonly streams: readonly StreamStatus[];
}

/** The parts of the mesh, with their versions and stores. */
export interface SystemRecord {
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: Date;
  readonly database: DatabaseStatus;
  readonly accounts: readonly AccountRecord[];
}

/** The same, with parts that are read only on request. */
export interface WholeSystemRecord extends SystemRecord {
  readonly gateways: readonly GatewayRecord[];
  readonly outbox: OutboxStatus;
}

export const VERSION = ownVersion();
export const STARTED_AT = new Date(Date.now() - process.uptime() * 1_000);

export async function readSystem(stores: Stores): Promise<SystemRecord> {
  const [database, ...accounts] = await Promise.all([
    readDatabaseState(stores.db),
    ...INTERNET_CLASSES.map((internet) => readAccount(stores, internet)),
  ]);
  return { version: VERSION, nodeVersion: process.versions.node, startedAt: STARTED_AT, database, accounts };
}

export async function readWholeSystem(stores: Stores): Promise<WholeSystemRecord> {
  const [system, gateways, outbox] = await Promise.all([
    readSystem(stores),
    readGateways(stores.db),
    readOutboxStatus(stores.db),
  ]);
  return { ...system, gateways, outbox };
}

/** An unreachable account is reported as such, not as a failure. */
async function readAccount({ bus }: Stores, internet: InternetClass): Promise<AccountRecord> {
  try {
    return { class: internet, connected: true, ...(await bus.account(internet).state()) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { class: internet, connected: false, serverVersion: null, streams: [] };
  }
}
