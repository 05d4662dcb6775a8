import type { InternetClass } from "../../schema/classes.js";
import type { Presence } from "../../schema/presence.js";
import { RecentMap } from "../recent-map.js";
import { presentMs } from "./present-agents.js";

/** Distinguishes a restarted agent from a copy of it: both have the same key, but each process has its own instance id. */
export interface Instances {
  /** Takes an agent's presence. Returns whether it is a copy of an agent that has not missed three heartbeats. */
  isCopy(presence: Presence, now?: number): boolean;
  /** Notes that the agent has announced that it leaves. */
  leave(internet: InternetClass, agent: string): void;
}

interface Heard {
  readonly startedAt: string;
  readonly firstAt: number;
  lastAt: number;
  /** Whether it is the later one of two instances that were heard alternately. */
  isCopy: boolean;
}

/** Limits how much is remembered, in case somebody makes up agents or instances. The least recently heard are forgotten. */
const MOST = { agents: 4_000, instances: 16 } as const;

export function createInstances(): Instances {
  const agents = new RecentMap<string, Map<string, Heard>>(MOST.agents);
  const nameOf = (internet: InternetClass, agent: string) => `${internet} ${agent}`;

  return {
    isCopy(presence, now = performance.now()) {
      const { agent, class: internet, instance, startedAt } = presence;
      if (instance === undefined) return false;
      const name = nameOf(internet, agent);
      const heard = agents.get(name) ?? new RecentMap<string, Heard>(MOST.instances);
      agents.set(name, heard);
      for (const [other, { lastAt }] of heard) if (now - lastAt > presentMs(presence)) heard.delete(other);
      const own = heard.get(instance) ?? { startedAt, firstAt: now, lastAt: now, isCopy: false };
      own.lastAt = now;
      heard.set(instance, own);
      const others = [...heard.values()].filter((other) => other !== own);
      // After a crash and restart, the old instance is never heard again, so only copies are heard alternately.
      for (const other of others) if (other.lastAt > own.firstAt) markCopy(own, other);
      return own.isCopy && others.some(({ isCopy }) => !isCopy);
    },
    leave: (internet, agent) => void agents.delete(nameOf(internet, agent)),
  };
}

function markCopy(one: Heard, other: Heard): void {
  if (one.isCopy || other.isCopy) return;
  const copy =
    one.startedAt > other.startedAt || (one.startedAt === other.startedAt && one.firstAt > other.firstAt) ? one : other;
  copy.isCopy = true;
}
