import type { Logger } from "pino";
import type { Bus } from "../bus/bus.js";
import type { GatewayConfig } from "../config.js";
import type { Database } from "../db/database.js";
import type { Failpoint } from "../failpoint.js";
import type { Metrics } from "../metrics.js";
import type { SampleStore } from "../bus/nats-sample-store.js";
import type { FleetWatches } from "../watch/fleet-watches.js";
import type { Bulk } from "../dispatch/bulk.js";
import type { Feeds } from "../watch/feed.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Keyring } from "../keys/keyring.js";
import type { Relay } from "../dispatch/relay.js";
import type { Watchers } from "../watch/watchers.js";

/** What the verbs of this room work with. Made once by the gateway; every verb takes it first. */
export interface ScanContext {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly db: Database;
  /** Connections for lists whose filters callers choose: their statements have a time limit, and take no one's place. */
  readonly lists: Database;
  readonly bus: Bus;
  readonly samples: SampleStore;
  /** Who is there, by presence. */
  readonly fleet: Fleet;
  /** Publishes accepted requests right after their commit. */
  readonly relay: Relay;
  /** Lets BULK requests go as room is made. */
  readonly bulk: Bulk;
  /** Subscribers of scans on this gateway. */
  readonly watchers: Watchers;
  /** Subscribers of the fleet on this gateway. */
  readonly fleetWatches: FleetWatches;
  /** Subscribers of all scans, on this gateway. */
  readonly feeds: Feeds;
  /** The keys that callers of this gateway use. */
  readonly keyring: Keyring;
  readonly failpoint: Failpoint;
}
