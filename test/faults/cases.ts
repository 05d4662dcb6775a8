/** Every case, in the order in which they run. */

import type { FaultCase } from "./case.js";
import { agentDiesTogether, gatewayDiesAfterCommit, gatewayDiesEverywhere, gatewayDiesTogether } from "./cases/failpoints.js";
import { freezeAgent, freezeGateway, freezeNats, freezePostgres } from "./cases/freezes.js";
import { fullDiskNats, fullDiskPostgres, largerThanSpool } from "./cases/full-disks.js";
import { garbageControl, garbageHints, garbagePresence, garbageResults } from "./cases/garbage.js";
import { hostileDetails, hostileFlood, hostileNames, hostilePresence } from "./cases/hostile-agents.js";
import { hangingWebhook, silentWebSocket } from "./cases/hostile-callers.js";
import { killAgent, killGateway, killNats, killPostgres, rollingRestart } from "./cases/kills.js";
import { lostDurables, lostSamples, lostStreams, wipeNats } from "./cases/lost-store.js";
import { readOnlyPostgres } from "./cases/read-only-postgres.js";

export const CASES: readonly FaultCase[] = [
  killGateway,
  killAgent,
  killNats,
  killPostgres,
  rollingRestart,
  gatewayDiesAfterCommit,
  gatewayDiesEverywhere,
  gatewayDiesTogether,
  agentDiesTogether,
  freezeGateway,
  freezeAgent,
  freezeNats,
  freezePostgres,
  garbageHints,
  garbageControl,
  garbageResults,
  garbagePresence,
  hostilePresence,
  hostileNames,
  hostileDetails,
  hostileFlood,
  hangingWebhook,
  silentWebSocket,
  largerThanSpool,
  fullDiskNats,
  fullDiskPostgres,
  readOnlyPostgres,
  lostDurables,
  lostStreams,
  lostSamples,
  wipeNats,
];
