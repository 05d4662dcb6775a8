import type { Logger } from "pino";
import { z } from "zod";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import { EnginePresence, MalformedMessage, MAX_ENGINES, parseMessage, Presence } from "../../schema/messages.js";

const Envelope = Presence.extend({ engines: z.array(z.unknown()) });

/**
 * Parses what an agent says of itself. An engine that cannot be read, or is of the other class, costs that engine alone. Throws
 * MalformedMessage for the presence of another agent or another class.
 */
export function readPresence(internet: InternetClass, agent: string, value: Uint8Array, log: Logger): Presence {
  const presence = parseMessage(Envelope, value);
  if (presence.agent !== agent) throw new MalformedMessage(`agent is ${presence.agent}`);
  if (presence.class !== internet) throw new MalformedMessage(`class is ${presence.class}`);
  const engines: EnginePresence[] = [];
  const problems: string[] = [];
  for (const entry of presence.engines.slice(0, MAX_ENGINES)) {
    const parsed = EnginePresence.safeParse(entry);
    if (!parsed.success) problems.push(z.prettifyError(parsed.error));
    else if (internetClass(parsed.data.internet) !== internet) problems.push(`${parsed.data.name} is not of class ${internet}`);
    else engines.push(parsed.data);
  }
  const beyond = presence.engines.length - MAX_ENGINES;
  if (beyond > 0) problems.push(`${beyond} more than ${MAX_ENGINES} engines`);
  if (problems.length > 0) log.warn({ agent, internet, problems: problems.slice(0, 10) }, "ignored engines of an agent");
  return { ...presence, engines };
}

/** A cordoned agent's engines are unhealthy. A draining agent will be back, or its engines expire: it says nothing about them. */
export function announcedEngines({ state, agent, engines }: Presence): readonly EnginePresence[] {
  if (state === "READY") return engines;
  if (state === "DRAINING") return [];
  return engines.map((engine) => ({ ...engine, healthy: false, reason: `the agent ${agent} is cordoned`, cause: null }));
}
