import type { Logger } from "pino";
import { z } from "zod";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import { MalformedMessage, parseMessage } from "../../schema/messages.js";
import { EnginePresence, MAX_ENGINES, Presence } from "../../schema/presence.js";

/** An agent as it was last heard. */
export interface HeardAgent {
  readonly presence: Presence;
  /** Its engines of which only the name is readable. */
  readonly unreadable: readonly UnreadableEngine[];
  /** Whether it has engines whose names are unreadable too. */
  readonly incomplete: boolean;
}

/** A present agent, with all of its engines whose names are readable. */
export interface PresentAgent extends Presence {
  readonly incomplete: boolean;
  /** By this process's clock. */
  readonly lastHeardAt: Date;
}

export interface UnreadableEngine {
  readonly name: string;
  readonly problem: string;
}

const Named = EnginePresence.pick({ name: true });
const Envelope = Presence.extend({ engines: z.array(z.unknown()) });

/**
 * Parses an agent's presence. If an engine is unreadable or of the other class, only that engine is affected: the agent has it, but nothing
 * else is known about it. Throws MalformedMessage for the presence of another agent or another class.
 */
export function readPresence(internet: InternetClass, agent: string, value: Uint8Array, log: Logger): HeardAgent {
  const presence = parseMessage(Envelope, value);
  if (presence.agent !== agent) throw new MalformedMessage(`agent is ${presence.agent}`);
  if (presence.class !== internet) throw new MalformedMessage(`class is ${presence.class}`);
  const entries = presence.engines.map((entry, i) => readEngine(internet, entry, i));
  const engines = entries.flatMap((entry) => ("engine" in entry ? [entry.engine] : []));
  const problems = entries.flatMap((entry) => ("problem" in entry ? [entry] : []));
  if (problems.length > 0) {
    const told = problems.slice(0, 10).map(({ name, problem }) => (name === undefined ? problem : `${name}: ${problem}`));
    log.warn({ agent, internet, problems: told }, "cannot read engines of an agent");
  }
  const unreadable = problems.flatMap(({ name, problem }) => (name === undefined ? [] : [{ name, problem }]));
  return { presence: { ...presence, engines }, unreadable, incomplete: problems.some(({ name }) => name === undefined) };
}

type ReadEngine = { engine: EnginePresence } | { name: string | undefined; problem: string };

function readEngine(internet: InternetClass, entry: unknown, position: number): ReadEngine {
  const name = Named.safeParse(entry).data?.name;
  if (position >= MAX_ENGINES) return { name, problem: `an agent has at most ${MAX_ENGINES} engines` };
  const { data, error } = EnginePresence.safeParse(entry);
  if (error) return { name, problem: z.prettifyError(error) };
  if (internetClass(data.internet) !== internet) return { name, problem: `it is not of class ${internet}` };
  return { engine: data };
}

/** A cordoned agent's engines are unhealthy. A draining agent says nothing about its engines: either it returns, or they expire. */
export function announcedEngines({ state, agent, engines }: Presence): readonly EnginePresence[] {
  if (state === "READY") return engines;
  if (state === "DRAINING") return [];
  return engines.map((engine) => ({ ...engine, healthy: false, reason: `the agent ${agent} is cordoned`, cause: null }));
}
