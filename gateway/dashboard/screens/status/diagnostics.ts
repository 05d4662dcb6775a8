/** How the mesh is, as a text for a report of a fault. It holds versions, names and numbers; no key, secret or sample. */

import type { WatchStatusAgentsSubscription, WatchSystemSubscription } from "../../generated/status.ts";
import { bytesText } from "../../parts/measure.tsx";

export type System = WatchSystemSubscription["systemUpdated"];
export type Agent = WatchStatusAgentsSubscription["agentChanged"]["agents"][number];

export function diagnosticsText(system: System, agents: readonly Agent[], page: string, at: Date): string {
  const { database, outbox } = system;
  return [
    `ScanMesh at ${at.toISOString()}`,
    `page ${page}, gateway ${system.version}, schema ${database.migration}, Node ${system.nodeVersion}`,
    `Postgres ${database.serverVersion}: ${bytesText(database.bytes)}, ${database.scans} scans, ${database.samples} samples`,
    `outbox: ${outbox.unpublished} to be published${outbox.oldest === null ? "" : ` since ${outbox.oldest}`}, ${outbox.held} held`,
    ...system.gateways.map(gatewayLine),
    ...system.accounts.flatMap(accountLines),
    ...agents.map(agentLine),
    `browser ${navigator.userAgent}`,
    "",
  ].join("\n");
}

function gatewayLine(gateway: System["gateways"][number]): string {
  const { host, version, nodeVersion, startedAt, natsConnected, diskFree, memoryBytes } = gateway;
  const disk = diskFree === null ? "" : `, ${bytesText(diskFree)} of disk free`;
  const nats = natsConnected ? "connected to NATS" : "NOT connected to NATS";
  return `gateway on ${host}: ${version}, Node ${nodeVersion}, since ${startedAt}, ${nats}, ${bytesText(memoryBytes)} of memory${disk}`;
}

function accountLines({ class: internet, connected, serverVersion, streams }: System["accounts"][number]): string[] {
  const account = `NATS ${internet}`;
  if (!connected) return [`${account}: NOT connected`];
  return [
    `${account}: ${serverVersion ?? "version not known"}`,
    ...streams.map(
      ({ name, messages, bytes, maxBytes }) =>
        `  ${name}: ${messages} messages, ${bytesText(bytes)}${maxBytes === null ? "" : ` of ${bytesText(maxBytes)}`}`,
    ),
  ];
}

function agentLine({ agent, host, class: internet, state, version, startedAt }: Agent): string {
  return `agent ${agent} on ${host}: ${version}, ${internet}, ${state}, since ${startedAt}`;
}
