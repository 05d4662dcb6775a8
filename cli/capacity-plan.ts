/** Hosts, disks and load for a number of scans, from measured constants. Pure arithmetic. */

import { costOf, type Constants } from "./capacity-constants.js";
import type { Demand, EngineDemand } from "./capacity-input.js";

const HOUR_S = 3_600;
const DAY_S = 86_400;
const MILLION = 1e6;
/** A gateway and an agent each do their work on the one thread of their process. */
const THREAD = 1;

export interface EnginePlan {
  readonly name: string;
  /** Milliseconds from one sample to the next on a slot that is never without work. */
  readonly serviceMs: number;
  readonly slots: number;
  /** Cores that it keeps busy. */
  readonly cores: number;
  /** Hosts for its slots and its cores, if they had no other engine. */
  readonly hosts: number;
}

/** How much one part can take, and which resource is used up then. */
export interface Limit {
  readonly part: string;
  readonly bound: string;
  readonly scansPerHour: number;
}

export interface Plan {
  readonly scansPerSecond: number;
  readonly engines: readonly EnginePlan[];
  readonly hosts: number;
  /** Cores of all hosts of agents that are busy, the agents' own work with the engines'. */
  readonly hostCores: number;
  /** Hosts that fetch a sample, on average: each engine's request may be taken by another one. */
  readonly fetches: number;
  readonly gateways: { readonly count: number; readonly cores: number };
  readonly samples: { readonly diskGB: number; readonly diskGBPerMillion: number };
  readonly rows: { readonly diskGB: number; readonly diskGBPerMillion: number };
  readonly nats: { readonly messages: number; readonly inMB: number; readonly outMB: number; readonly cores: number };
  readonly postgres: {
    readonly statements: number;
    readonly commits: number;
    readonly walMB: number;
    readonly cores: number;
  };
  /** Megabits a second, on average. */
  readonly network: { readonly hostIn: number; readonly gatewayInAndOut: number };
  /** Of one part each on a machine of the kind that was measured, the least first. */
  readonly limits: readonly Limit[];
}

/** Plans for what is asked. */
export function planCapacity(demand: Demand, constants: Constants): Plan {
  const { engines, meanMB, days, unique, utilisation } = demand;
  const perSecond = demand.scansPerHour / HOUR_S;
  const planned = engines.map((engine) => planEngine(engine, demand, constants));
  const { hosts, fetches, hostCores } = planHosts(planned, demand, constants);
  const cpu = cpuPerScan(demand, constants, fetches);
  const used = usePerScan(demand, constants, fetches);
  const cores = (ms: number) => (perSecond * ms) / 1_000;
  const rowBytes = costOf(constants.postgres.rowBytes, engines.length, meanMB);
  return {
    scansPerSecond: perSecond,
    engines: planned,
    hosts,
    hostCores,
    fetches,
    gateways: { count: Math.max(1, Math.ceil(cores(cpu.gateway) / (THREAD * utilisation))), cores: cores(cpu.gateway) },
    samples: {
      diskGB: (perSecond * DAY_S * days * unique * meanMB) / 1_000,
      diskGBPerMillion: (MILLION * unique * meanMB) / 1_000,
    },
    rows: { diskGB: (perSecond * DAY_S * days * rowBytes) / 1e9, diskGBPerMillion: (MILLION * rowBytes) / 1e9 },
    nats: {
      messages: perSecond * (used.messagesIn + used.messagesOut),
      inMB: perSecond * unique * meanMB,
      outMB: perSecond * fetches * meanMB,
      cores: cores(cpu.nats),
    },
    postgres: {
      statements: perSecond * used.statements,
      commits: perSecond * used.commits,
      walMB: (perSecond * used.walBytes) / 1e6,
      cores: cores(cpu.postgres),
    },
    network: { hostIn: (perSecond * fetches * meanMB * 8) / hosts, gatewayInAndOut: perSecond * meanMB * 8 },
    limits: findLimits(demand, constants, fetches),
  };
}

/** Scans a second of an engine that is never without work, on so many hosts with cores enough for it. */
export function engineRate(engine: EngineDemand, hosts: number, meanMB: number, { turnaroundMs }: Constants): number {
  return (hosts * engine.slots * 1_000) / serviceMs(engine, meanMB, turnaroundMs);
}

/** Scans a second at which all parts together use up the cores of the one measured machine. */
export function sharedRate(engines: readonly EngineDemand[], meanMB: number, { cpuMs, machine }: Constants): number {
  const mesh = Object.values(cpuMs).reduce((sum, cost) => sum + costOf(cost, engines.length, meanMB), 0);
  const own = engines.reduce((sum, engine) => sum + engine.cpuMs + engine.cpuMsPerMB * meanMB, 0);
  return (machine.cores * 1_000) / (mesh + own);
}

function serviceMs({ cpuMs, cpuMsPerMB, waitMs, waitMsPerMB }: EngineDemand, meanMB: number, turnaroundMs: number): number {
  return cpuMs + waitMs + (cpuMsPerMB + waitMsPerMB) * meanMB + turnaroundMs;
}

function planEngine(engine: EngineDemand, demand: Demand, constants: Constants): EnginePlan {
  const perSecond = demand.scansPerHour / HOUR_S;
  const service = serviceMs(engine, demand.meanMB, constants.turnaroundMs);
  const slots = Math.max(1, Math.ceil((perSecond * service) / 1_000 / demand.utilisation));
  const cores = (perSecond * (engine.cpuMs + engine.cpuMsPerMB * demand.meanMB)) / 1_000;
  const bySlots = Math.ceil(slots / engine.slots);
  const byCores = Math.ceil(cores / (demand.cores * demand.utilisation));
  return { name: engine.name, serviceMs: service, slots, cores, hosts: Math.max(bySlots, byCores) };
}

/** The least number of hosts that suffices. Each added host also adds work, because more copies of a sample are fetched. */
function planHosts(planned: readonly EnginePlan[], demand: Demand, { cpuMs }: Constants) {
  const perSecond = demand.scansPerHour / HOUR_S;
  const engineCores = planned.reduce((sum, { cores }) => sum + cores, 0);
  const perMB = { perScan: 0, perEngine: 0, perMB: cpuMs.agent.perMB };
  const perRequest = { ...cpuMs.agent, perMB: 0 };
  const agentMs = (fetches: number) => costOf(perRequest, planned.length, 0) + costOf(perMB, 0, demand.meanMB * fetches);
  let hosts = Math.max(1, ...planned.map(({ hosts: own }) => own));
  for (;;) {
    const fetches = expectedFetches(planned.length, hosts);
    const agentCores = (perSecond * agentMs(fetches)) / 1_000;
    const hostCores = engineCores + agentCores;
    const enough = Math.max(
      Math.ceil(hostCores / (demand.cores * demand.utilisation)),
      Math.ceil(agentCores / (THREAD * demand.utilisation)),
    );
    if (enough <= hosts) return { hosts, fetches, hostCores };
    hosts = enough;
  }
}

/** How many hosts get at least one of a scan's requests, if each engine's request goes to a random host. */
export function expectedFetches(engines: number, hosts: number): number {
  return hosts * (1 - (1 - 1 / hosts) ** engines);
}

/** Milliseconds of a scan in each part. When the constants were measured, each sample was written once and read once. */
function cpuPerScan({ engines, meanMB }: Demand, { cpuMs }: Constants, fetches: number) {
  const read = (1 + fetches) / 2;
  return {
    gateway: costOf(cpuMs.gateway, engines.length, meanMB),
    nats: costOf(cpuMs["nats-server"], engines.length, meanMB * read),
    postgres: costOf(cpuMs.postgres, engines.length, meanMB),
  };
}

function usePerScan({ engines, meanMB }: Demand, { postgres, nats }: Constants, fetches: number) {
  const of = (cost: Parameters<typeof costOf>[0], megabytes = meanMB) => costOf(cost, engines.length, megabytes);
  const read = (1 + fetches) / 2;
  return {
    statements: of(postgres.statements),
    commits: of(postgres.commits),
    walBytes: of(postgres.walBytes),
    messagesIn: of(nats.messagesIn, meanMB * read),
    messagesOut: of(nats.messagesOut, meanMB * read),
  };
}

/** How many messages NATS stores for a scan: a request, a result for each engine, and about a chunk for each megabyte. */
function storedMessages(engines: number, meanMB: number): number {
  return 1 + engines + Math.max(1, meanMB);
}

function findLimits(demand: Demand, constants: Constants, fetches: number): Limit[] {
  const { machine, postgres, nats } = constants;
  const { engines, meanMB, unique, utilisation } = demand;
  const cpu = cpuPerScan(demand, constants, fetches);
  const { commits } = usePerScan(demand, constants, fetches);
  const byCpu = (cores: number, ms: number) => (cores * 1_000) / ms;
  const all: readonly (readonly [part: string, bound: string, perSecond: number])[] = [
    ["one gateway", "its thread", byCpu(THREAD, cpu.gateway)],
    ["one NATS", `${machine.cores} cores`, byCpu(machine.cores, cpu.nats)],
    ["one NATS", "messages stored", nats.mostStoredPerSecond / storedMessages(engines.length, meanMB)],
    ["one NATS", "MB/s stored", nats.mostMBPerSecond / (unique * meanMB)],
    ["one Postgres", `${machine.cores} cores`, byCpu(machine.cores, cpu.postgres)],
    ["one Postgres", "commits on its disk", postgres.mostCommitsPerSecond / commits],
  ];
  return all
    .map(([part, bound, perSecond]) => ({ part, bound, scansPerHour: perSecond * HOUR_S * utilisation }))
    .filter(({ scansPerHour }) => Number.isFinite(scansPerHour))
    .toSorted((a, b) => a.scansPerHour - b.scansPerHour);
}
