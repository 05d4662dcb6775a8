import type { Logger } from "pino";
import type { AgentAccounts } from "../accounts/accounts.js";
import type { Batched } from "../batches/batch.js";
import type { Bus } from "../bus/bus.js";
import type { GatewayConfig } from "../config.js";
import type { Database } from "../db/database.js";
import type { UpdateRescanRecord } from "../db/verdict-runs.js";
import type { VerdictFlipRecord } from "../db/verdict-flips.js";
import type { StoredSample } from "../db/samples.js";
import type { Failpoint } from "../failpoint.js";
import type { Metrics } from "../metrics.js";
import type { BundleStore } from "../bus/bundle-store.js";
import type { SampleStore } from "../bus/sample-store.js";
import type { BundleKey } from "../../schema/bundle-signature.js";
import type { DeliveryRecord } from "../../schema/webhooks.js";
import type { ListWatch } from "../watch/list-watch.js";
import type { FleetWatches } from "../watch/fleet-watches.js";
import type { HostWatches } from "../watch/host-watches.js";
import type { MeshWatches } from "../watch/mesh-watches.js";
import type { Bulk } from "../dispatch/bulk.js";
import type { Feeds } from "../watch/feed.js";
import type { LastCatalogue } from "../fleet/last-catalogue.js";
import type { Fleet } from "../fleet/fleet.js";
import type { MessageVersion } from "../fleet/message-version.js";
import type { Keyring } from "../keys/keyring.js";
import type { Relay } from "../dispatch/relay.js";
import type { WriteProbe } from "../write-probe.js";
import type { Watchers } from "../watch/watchers.js";
import type { Acceptance, AcceptRequest } from "./accept-request.js";
import type { VerdictRuns } from "./verdict-runs.js";
import type { Waits } from "./waits.js";
import type { ReadinessRecord } from "./readiness.js";
import type { WholeSystemRecord } from "./system.js";

/** Everything that the verbs in this folder use. The gateway creates it once and passes it to every verb first. */
export interface ScanContext {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly db: Database;
  /** Connections for lists with arbitrary filters: their statements have a time limit and do not take connections from `db`. */
  readonly listDb: Database;
  /** A connection for cancelling those statements. It never waits for anything, so it is free even if all others are blocked. */
  readonly cancelDb: Database;
  /** Whether Postgres can do writes that need disk space. */
  readonly databaseWrites: WriteProbe;
  readonly bus: Bus;
  readonly samples: SampleStore;
  /** Files of bundles. */
  readonly bundles: BundleStore;
  /** The key that signs them; undefined if this mesh publishes none. */
  readonly bundleKey: BundleKey | undefined;
  /** Agents' accounts on NATS; undefined if agents share the credentials of their class. */
  readonly accounts: AgentAccounts | undefined;
  /** The agents that are present. */
  readonly fleet: Fleet;
  /** The version in which messages are written. */
  readonly version: MessageVersion;
  /** The catalogue used to plan scans. */
  readonly catalogue: LastCatalogue;
  /** Publishes accepted requests right after their commit. */
  readonly relay: Relay;
  /** Holds BULK requests back until there is room. */
  readonly bulk: Bulk;
  /** Scans samples again after engines were updated. */
  readonly verdictRuns: VerdictRuns;
  /** Subscribers of single scans on this gateway. */
  readonly watchers: Watchers;
  /** Subscribers of the fleet on this gateway. */
  readonly fleetWatches: FleetWatches;
  /** Subscribers of joining and managed hosts on this gateway. */
  readonly hostWatches: HostWatches;
  /** Subscribers of the mesh's state on this gateway. */
  readonly meshWatches: MeshWatches<ReadinessRecord, WholeSystemRecord>;
  /** Subscribers of webhooks' deliveries on this gateway. */
  readonly deliveryWatch: ListWatch<DeliveryRecord>;
  /** Subscribers of changed verdicts on this gateway. */
  readonly flipWatch: ListWatch<VerdictFlipRecord>;
  /** Subscribers of rescans after updates on this gateway. */
  readonly rescanWatch: ListWatch<UpdateRescanRecord>;
  /** Subscribers of all scans on this gateway. */
  readonly feeds: Feeds;
  /** The API keys that callers of this gateway use. */
  readonly keyring: Keyring;
  /** How long requests to each engine would wait now. */
  readonly waits: () => Promise<Waits>;
  /** Accepts requests; concurrent ones share a statement. */
  readonly accepting: Readonly<Record<AcceptRequest["kind"], Batched<AcceptRequest, Acceptance | Error>>>;
  /** Finds a sample by its sha256; concurrent lookups share a query. */
  readonly findSample: Batched<string, StoredSample | undefined>;
  readonly failpoint: Failpoint;
}
