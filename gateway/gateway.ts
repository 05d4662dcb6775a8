import type { FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { readBundleKey } from "../schema/bundle-signature.js";
import { openAgentAccounts } from "./accounts/accounts.js";
import { followEngines } from "./accounts/follow-engines.js";
import { batched } from "./batches/batch.js";
import { openBundleStore } from "./bus/bundle-store.js";
import { openBus } from "./bus/bus.js";
import type { GatewayConfig } from "./config.js";
import { DEFAULT_PORT } from "./http/config.js";
import { GATEWAY_LIMITS, openDatabase } from "./db/database.js";
import { probeDatabase } from "./db/write-probe.js";
import { failpoint } from "./failpoint.js";
import { createHttp } from "./server.js";
import { listenHttps, type HttpsListener } from "./http/https.js";
import { createMetrics, registerGauges } from "./metrics.js";
import { openNatsSampleStore } from "./bus/nats-sample-store.js";
import { createFlipWatch, createRescanWatch } from "./watch/flip-watch.js";
import { createDeliveryWatch } from "./watch/delivery-watch.js";
import { createLastCatalogue } from "./fleet/last-catalogue.js";
import { createFleetWatches } from "./watch/fleet-watches.js";
import { createHostWatches } from "./watch/host-watches.js";
import { createMeshWatches } from "./watch/mesh-watches.js";
import { createBulk } from "./dispatch/bulk.js";
import { acceptAll } from "./scan/accept.js";
import { findSamplesInOrder } from "./scan/store-sample.js";
import type { ScanContext } from "./scan/context.js";
import { startWebhooks } from "./webhooks/deliver.js";
import { createFeeds } from "./watch/feed.js";
import { createMessageVersion } from "./fleet/message-version.js";
import { createFleet } from "./fleet/fleet.js";
import { createSealing } from "./fleet/sealing.js";
import { cataloguedAgents, largestChunk } from "./fleet/serving.js";
import { startGatewayPresence } from "./background/gateway-presence.js";
import { startIndexBuilds } from "./background/index-builds.js";
import { startRecorder } from "./background/record.js";
import { startKeepingKeys } from "./join/keep-keys.js";
import { reportCopies } from "./join/report-copies.js";
import { registerJoinKeys } from "./join/standing-tokens.js";
import { createKeyring } from "./keys/keyring.js";
import { readLastUpdates } from "./db/last-updates.js";
import { readRulesets } from "./rulesets/rulesets.js";
import { readUpdateSets } from "./updates/update-sets.js";
import { readWaits } from "./scan/overload.js";
import { readUpdateRescans } from "./scan/update-rescans.js";
import { createVerdictRuns } from "./scan/verdict-runs.js";
import { createWaits } from "./scan/waits.js";
import { readGoneAgents } from "./scan/gone-agents.js";
import { readQueues } from "./scan/queues.js";
import { readReadiness } from "./scan/readiness.js";
import { readWholeSystem } from "./scan/system.js";
import { createRelay } from "./dispatch/relay.js";
import { startSweep } from "./background/sweep.js";
import { createWatchers } from "./watch/watchers.js";

/** One gateway process. */
export interface Gateway {
  readonly context: ScanContext;
  /** Listens and starts its background work. Returns its address, e.g. `http://127.0.0.1:8080`. */
  start(): Promise<string>;
  /** The port for HTTPS, if enabled. */
  httpsPort(): number | undefined;
  /** Finishes open requests, then closes everything. */
  stop(): Promise<void>;
}

/** How many filtered lists a gateway reads concurrently. */
const LIST_CONNECTIONS = 6;

export async function createGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const metrics = createMetrics();
  // Log only the message, because the driver's errors carry the whole connection object.
  const lost = ({ message }: Error) => log.warn({ reason: message }, "Postgres connection lost; opening another when needed");
  const db = openDatabase(config.databaseUrl, lost, {
    limits: GATEWAY_LIMITS,
    onDeadlock: () => metrics.deadlocks.inc(),
    onBlocked(holders, error) {
      if (error === undefined) log.warn({ holders }, "waited in vain for a lock in Postgres: these sessions may hold it");
      else log.warn({ err: error }, "waited in vain for a lock in Postgres, and cannot find out which sessions hold it");
    },
  });
  const limits = { ...GATEWAY_LIMITS, statementMs: config.listTimeoutMs };
  const listDb = openDatabase(config.databaseUrl, lost, { max: LIST_CONNECTIONS, forLists: true, limits });
  const watchers = createWatchers(db, log);
  const cancelDb = openDatabase(config.databaseUrl, lost, { max: 1, limits: GATEWAY_LIMITS });
  const feeds = createFeeds(db, listDb, log, cancelDb);
  const databaseWrites = probeDatabase(config.databaseUrl, log, lost);
  const keyring = createKeyring(db, log);
  const failAt = failpoint(config.failpoint);
  const sealing = createSealing(db);
  const accounts =
    config.accountFiles &&
    (await openAgentAccounts(config.accountFiles, { config, db, log, userSeconds: config.agentTtlMs / 1_000 }));
  const engines = accounts && followEngines(accounts, log);
  // From here to the fleet nothing is awaited: what the bus hears before would be lost.
  const bus = openBus(
    config,
    { log, metrics },
    {
      hints(hints) {
        watchers.notify(hints);
        feeds.invalidate();
      },
      keysChanged: () =>
        void keyring.refresh().catch((error: unknown) => log.warn({ err: error }, "cannot read the API keys; retrying")),
      presence: (...change) => {
        fleet.onPresence(...change);
        fleetWatches.agents.invalidate();
      },
    },
  );
  const samples = openNatsSampleStore(config, log, {
    problem: (internet) => bus.account(internet).writeProblem(),
    largestChunk: () => largestChunk(fleet),
    seals: sealing.hasBegun,
  });
  const bundleKey = config.bundleKeyFile === undefined ? undefined : readBundleKey(config.bundleKeyFile);
  const bundles = openBundleStore(config, log, bus.account);
  const onCopy = reportCopies({ db, bus, log });
  const fleet = createFleet({ db, bus, log, metrics, enginesMax: config.enginesMax, onEngines: engines?.hear, onCopy, sealing });
  const fleetWatches = createFleetWatches(
    db,
    fleet,
    { queues: () => readQueues(context), goneAgents: () => readGoneAgents(context) },
    log,
  );
  const version = createMessageVersion(db, fleet);
  const relay = createRelay({ db, bus, samples, metrics, log, failpoint: failAt, version });
  const bulk = createBulk({ db, bus, fleet, relay, log });
  const context: ScanContext = {
    config,
    log,
    metrics,
    db,
    listDb,
    cancelDb,
    databaseWrites,
    bus,
    samples,
    bundles,
    bundleKey,
    accounts,
    fleet,
    version,
    catalogue: createLastCatalogue(db),
    relay,
    bulk,
    verdictRuns: createVerdictRuns({ config, db, fleet, bulk, bus, log, metrics }),
    watchers,
    fleetWatches,
    hostWatches: createHostWatches(
      db,
      fleet,
      { updateSets: () => readUpdateSets({ db, fleet }), rulesets: () => readRulesets({ db }) },
      log,
    ),
    meshWatches: createMeshWatches({ readiness: () => readReadiness(context), system: () => readWholeSystem(context) }, log),
    deliveryWatch: createDeliveryWatch(db, log),
    flipWatch: createFlipWatch(db, log),
    rescanWatch: createRescanWatch(() => readUpdateRescans(context), log),
    feeds,
    keyring,
    waits: createWaits(() => readWaits(context)),
    accepting: {
      scan: batched((requests) => acceptAll(context, requests), { size: 100, parallel: 2 }),
      batch: batched((requests) => acceptAll(context, requests), { size: 1, parallel: 2 }),
    },
    findSample: batched((sha256s) => findSamplesInOrder(db, sha256s), { size: 100, parallel: 2 }),
    failpoint: failAt,
  };
  registerGauges(metrics, {
    busConnected: () => bus.connected() && samples.connected(),
    takesWrites: {
      postgres: () => databaseWrites.problem() === undefined,
      nats: () => bus.writeProblem() === undefined,
    },
    scanSubscribers: watchers.scans.count,
    agents: () => cataloguedAgents(fleet),
    updates: () =>
      readLastUpdates(db).catch((error: unknown) => {
        log.debug({ err: error }, "updates of engines cannot be measured now");
        return [];
      }),
  });
  const http = await createHttp(context);
  let https: HttpsListener | undefined;
  let work: { stop(): Promise<void> }[] = [];

  return {
    context,
    async start() {
      const sharedUsers = config.joinKeysFile === undefined ? [] : await registerJoinKeys(db, config.joinKeysFile);
      const url = await listen(http, config);
      https = config.https && (await listenHttps(http.server, config.https, log, () => accounts?.askReload()));
      work = [
        startKeepingKeys(context, { sharedUsers }),
        startRecorder(context),
        startSweep(context),
        startWebhooks(context),
        startGatewayPresence(context),
        startIndexBuilds(context),
      ];
      return url;
    },
    httpsPort: () => https?.port,
    async stop() {
      const closing = https?.close();
      await http.close();
      await closing;
      await Promise.all(work.map((part) => part.stop()));
      await Promise.all([fleet.stop(), keyring.stop()]);
      engines?.stop();
      await context.verdictRuns.idle();
      await bulk.idle();
      await relay.idle();
      await Promise.all([bus.close(), samples.close(), bundles.close(), accounts?.close()]);
      await databaseWrites.stop();
      await Promise.all([db.destroy(), listDb.destroy(), cancelDb.destroy()]);
    },
  };
}

/** If the default port is taken, listens on any free one. A port set by the operator is never replaced. */
async function listen(http: FastifyInstance, config: GatewayConfig): Promise<string> {
  try {
    await http.listen({ host: config.host, port: config.port ?? DEFAULT_PORT });
  } catch (error) {
    if (config.port !== undefined || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    await http.listen({ host: config.host, port: 0 });
  }
  const { address, family, port } = http.server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
