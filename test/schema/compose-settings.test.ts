import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { gatewaySettings, readGatewayConfig } from "../../gateway/config.js";
import { agentSettings, readAgentConfig } from "../../scanner-agent/config.js";
import { projectPath } from "../../schema/paths.js";
import type { Settings } from "../../schema/settings.js";

type Environment = Readonly<Record<string, string>>;

const compose = parse(readFileSync(projectPath("docker-compose.yml"), "utf8"), { merge: true }) as {
  services: Readonly<Record<string, { readonly environment?: Environment }>>;
};

const PROGRAMS = [
  ["gateway", gatewaySettings, readGatewayConfig],
  ["migrate", gatewaySettings, readGatewayConfig],
  ["agent-isolated", agentSettings, readAgentConfig],
  ["agent-internet", agentSettings, readAgentConfig],
] as const;

describe.each(PROGRAMS)("compose's %s", (service, settings: Settings, readConfig) => {
  const environment = compose.services[service]?.environment ?? {};

  it("is given no default where the code has one", () => {
    const passedOn = Object.entries(environment).filter(([name, value]) => value.startsWith(`\${${name}`));
    expect(passedOn.length).toBeGreaterThan(1);
    const withDefault = passedOn.filter(([name, value]) => value !== `\${${name}:-}` && settings[name]?.fallback !== undefined);
    expect(withDefault, "write ${NAME:-} in docker-compose.yml").toEqual([]);
  });

  it("takes an empty setting as one that is not set", () => {
    const set = Object.fromEntries(
      Object.entries(environment)
        .map(([name, value]) => [name, value.replaceAll(/\$\{\w+(?::-([^}]*))?\}/g, "$1")] as const)
        .filter(([name, value]) => value !== "" && !name.endsWith("_FILE")),
    );
    const needed = { DATABASE_URL: "postgres://x", SCANMESH_AGENT_ID: "a" };
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, ""]));
    expect(readConfig({ ...empty, ...set, ...needed })).toEqual(readConfig({ ...set, ...needed }));
  });
});
