import type { InternetClass } from "./classes.js";

/** The name of an agent that has not been given one: `<host>-<class>` with what a name cannot hold replaced by `-`. */
export function defaultAgentId(host: string, internet: InternetClass): string {
  const suffix = `-${internet}`;
  return host.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64 - suffix.length) + suffix;
}
