import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import type { Presence } from "../../schema/presence.js";
import { PRESENCE_BYTES } from "../../schema/streams.js";
import { engineToken } from "../../schema/subjects.js";
import { UNHEALTHY_AFTER_MS } from "./health.js";
import type { HeardAgent } from "./presence.js";

/** An agent as it was last heard, and when. */
export interface ReceivedPresence extends HeardAgent {
  readonly at: number;
}

/** The agents that have not missed three heartbeats, limited in each class to what fits into a gateway's memory. */
export interface PresentAgents {
  /** Takes an agent's presence message of this size. Returns whether the agent is new here, or was refused for lack of room. */
  hear(agent: string, heard: HeardAgent, bytes: number): "NEW" | "KNOWN" | "REFUSED";
  /** Notes that the agent has left, temporarily or for good. */
  leave(internet: InternetClass, agent: string, goodbye: "RESTARTING" | "REMOVED"): void;
  list(): readonly ReceivedPresence[];
  /** Subject tokens of engines that were healthy on agents that left or fell silent a moment ago, or that are draining. */
  away(): ReadonlySet<string>;
}

const MISSED_HEARTBEATS = 3;
/** Far more than a mesh has; a limit in case somebody makes up agents. */
const MOST_AGENTS = 2_000;

interface Held extends ReceivedPresence {
  readonly bytes: number;
}

/** `onRefused` is called for each message from an agent for which there is no room. */
export function createPresentAgents(log: Logger, onRefused: (internet: InternetClass) => void): PresentAgents {
  const classes = { isolated: createClass(), internet: createClass() };
  /** By class and agent: engines that were healthy when the agent left. */
  const left = new Map<string, { readonly at: number; readonly tokens: readonly string[] }>();

  function drop(internet: InternetClass, agent: string, isBack: boolean): void {
    const its = classes[internet];
    const held = its.held.get(agent);
    if (!held) return;
    its.held.delete(agent);
    its.bytes -= held.bytes;
    const tokens = healthyTokens(held.presence);
    if (isBack && tokens.length > 0 && left.size < MOST_AGENTS)
      left.set(`${internet} ${agent}`, { at: performance.now(), tokens });
  }

  function dropSilent(): void {
    const now = performance.now();
    for (const { held } of Object.values(classes))
      for (const [agent, { presence, at }] of held) if (now - at > presentMs(presence)) drop(presence.class, agent, true);
  }

  function refuse(internet: InternetClass, agent: string, bytes: number): boolean {
    const its = classes[internet];
    const fits = (before: number, count: number) => count < MOST_AGENTS && its.bytes - before + bytes <= PRESENCE_BYTES;
    const before = its.held.get(agent);
    if (before ? fits(before.bytes, 0) : fits(0, its.held.size)) return false;
    if (!its.isFull)
      log.warn(
        { internet, agent, agents: its.held.size, bytes: its.bytes },
        "there are more agents than a gateway keeps, and those that come now are ignored: look for one that is started again and again with a new id",
      );
    its.isFull = true;
    onRefused(internet);
    return true;
  }

  return {
    hear(agent, heard, bytes) {
      const internet = heard.presence.class;
      const its = classes[internet];
      if (its.held.size >= MOST_AGENTS) dropSilent();
      if (refuse(internet, agent, bytes)) return "REFUSED";
      const before = its.held.get(agent);
      its.held.set(agent, { ...heard, at: performance.now(), bytes });
      its.bytes += bytes - (before?.bytes ?? 0);
      left.delete(`${internet} ${agent}`);
      if (its.held.size < MOST_AGENTS / 2 && its.bytes < PRESENCE_BYTES / 2) its.isFull = false;
      return before ? "KNOWN" : "NEW";
    },
    leave: (internet, agent, goodbye) => drop(internet, agent, goodbye === "RESTARTING"),
    list() {
      dropSilent();
      return Object.values(classes).flatMap(({ held }) => [...held.values()]);
    },
    away() {
      const now = performance.now();
      for (const [key, { at }] of left) if (now - at > UNHEALTHY_AFTER_MS) left.delete(key);
      const leaving = Object.values(classes).flatMap(({ held }) =>
        [...held.values()].filter(({ presence }) => presence.state === "DRAINING"),
      );
      return new Set([
        ...[...left.values()].flatMap(({ tokens }) => tokens),
        ...leaving.flatMap(({ presence }) => healthyTokens(presence)),
      ]);
    },
  };
}

/** How long an agent counts as present after it was heard. */
export function presentMs({ heartbeatMs }: Presence): number {
  return MISSED_HEARTBEATS * heartbeatMs;
}

function createClass() {
  return { held: new Map<string, Held>(), bytes: 0, isFull: false };
}

function healthyTokens({ engines }: Presence): string[] {
  return engines.flatMap(({ name, healthy }) => (healthy ? [engineToken(name)] : []));
}
