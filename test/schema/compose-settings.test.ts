import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { gatewaySettings, readGatewayConfig } from "../../gateway/config.js";
import { agentSettings, readAgentConfig } from "../../scanner-agent/config.js";
import { fetchSettings } from "../../scanner-agent/fetcher/config.js";
import { projectPath } from "../../schema/paths.js";
import type { Settings } from "../../schema/settings.js";

type Environment = Readonly<Record<string, string>>;

const compose = parse(readFileSync(projectPath("docker-compose.yml"), "utf8"), { merge: true }) as {
  services: Readonly<
    Record<
      string,
      {
        readonly environment?: Environment;
        readonly user?: string;
        readonly ports?: readonly string[];
        readonly volumes?: readonly string[];
      }
    >
  >;
};

const PROGRAMS = [
  ["gateway", gatewaySettings, readGatewayConfig],
  ["migrate", gatewaySettings, readGatewayConfig],
  ["agent-isolated", agentSettings, readAgentConfig],
  ["agent-internet", agentSettings, readAgentConfig],
] as const;

const OWN_FILE = "the image and compose give it the path inside the container";
const ONE_NATS = "compose runs one NATS server";
const OTHER_HOSTS = "deploy/more-hosts.yml sets it where other hosts are let in";
const FETCHER = "the service fetcher has it";
const ONE_SOCKET = "DOCKER_SOCKET names the daemon's socket on the host";

/** Settings that `.env` cannot change, and why. */
const NOT_HANDED_ON: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gateway: {
    HOST: "the image listens on every address of its container",
    DATABASE_URL: "compose has a Postgres of its own",
    NATS_URL: ONE_NATS,
    SCANMESH_NATS_REPLICAS: ONE_NATS,
    SCANMESH_NATS_ISOLATED_CREDS: OWN_FILE,
    SCANMESH_NATS_INTERNET_CREDS: OWN_FILE,
    SCANMESH_NATS_SYSTEM_CREDS: OWN_FILE,
    SCANMESH_NATS_ACCOUNTS_KEY: OWN_FILE,
    SCANMESH_NATS_AGENTS_KEY: OWN_FILE,
    SCANMESH_JOIN_KEYS: OWN_FILE,
    SCANMESH_BUNDLE_KEY: OWN_FILE,
    SCANMESH_NATS_CA: OTHER_HOSTS,
    SCANMESH_TLS_CERT: OTHER_HOSTS,
    SCANMESH_TLS_KEY: OTHER_HOSTS,
    SCANMESH_TLS_CA: OTHER_HOSTS,
    SCANMESH_TLS_NAMES: OTHER_HOSTS,
    SCANMESH_TLS_HOST: "the image listens on every address of its container",
    SCANMESH_TLS_PORT: "the port inside the container is always the same",
    SCANMESH_AGENT_IMAGE_FILE: "deploy/more-hosts.yml mounts its folder",
    SCANMESH_PACKAGES: "the image gives it a folder in memory",
    SCANMESH_FAILPOINT: "it is for tests",
  },
  agent: {
    NATS_URL: ONE_NATS,
    SCANMESH_NATS_CA: OTHER_HOSTS,
    SCANMESH_CLASS: "each class has a service",
    SCANMESH_NATS_CREDS: OWN_FILE,
    SCANMESH_JOIN_TOKEN_FILE: OWN_FILE,
    SCANMESH_IDENTITY: "it lies in a folder of the class, beside SCANMESH_HOST_DIR",
    SCANMESH_AGENT_ID: "scaled agents need names that differ: those of their containers",
    SCANMESH_SPOOL: "it lies in a folder of the class, beside SCANMESH_HOST_DIR",
    SCANMESH_BUNDLES: "it lies in a folder of the class, beside SCANMESH_HOST_DIR",
    SCANMESH_SECRETS: "it lies in SCANMESH_HOST_DIR",
    SCANMESH_CLAMAV_DB: "it lies in SCANMESH_HOST_DIR",
    SCANMESH_FETCH: FETCHER,
    SCANMESH_FETCH_DIR: FETCHER,
    SCANMESH_FETCH_PROXY: FETCHER,
    SCANMESH_FETCH_CA: FETCHER,
    SCANMESH_CLAMAV_MIRROR: FETCHER,
    DOCKER_HOST: ONE_SOCKET,
    DOCKER_TLS_VERIFY: ONE_SOCKET,
    DOCKER_CERT_PATH: ONE_SOCKET,
  },
};

it.each([
  ["gateway", "gateway", gatewaySettings],
  ["agent-isolated", "agent", agentSettings],
  ["agent-internet", "agent", agentSettings],
] as const)("compose hands every setting on to %s, or is said why not", (service, program, settings: Settings) => {
  const { environment = {}, ports = [] } = compose.services[service] ?? {};
  const texts = [...Object.values(environment), ...ports];
  const handedOn = Object.keys(settings).filter((name) => texts.some((text) => text.includes(`\${${name}:-`)));
  expect([...handedOn, ...Object.keys(NOT_HANDED_ON[program] ?? {})].toSorted()).toEqual(Object.keys(settings).toSorted());
});

it("compose's fetcher is given every setting of fetching", () => {
  const names = Object.keys(compose.services["fetcher"]?.environment ?? {});
  expect(Object.keys(fetchSettings).filter((name) => !names.includes(name))).toEqual([]);
  // freshclam as root sets its groups, and no service here has a capability.
  expect(compose.services["fetcher"]?.user).toBe("10001:10001");
});

it(".env.example lists every name that compose's files read, and no other", () => {
  const files = ["docker-compose.yml", "deploy/more-hosts.yml"].map((file) => readFileSync(projectPath(file), "utf8"));
  const read = [...files.join().matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name);
  const listed = [...readFileSync(projectPath(".env.example"), "utf8").matchAll(/^#(\w+)=/gm)].map(([, name = ""]) => name);
  const ofComposeItself = ["COMPOSE_FILE", "COMPOSE_PROFILES"];
  expect(listed.toSorted()).toEqual([...new Set([...read, ...ofComposeItself])].toSorted());
});

it("no agent can read what an agent of the other class writes on the host", () => {
  const writes = (service: string) => hostFolders(service).filter(({ mode }) => mode !== "ro");
  for (const [one, other] of [
    ["agent-isolated", "agent-internet"],
    ["agent-internet", "agent-isolated"],
  ] as const) {
    const own = writes(one).map(({ path }) => path);
    expect(own).toHaveLength(1);
    const spool = withDefaults(compose.services[one]?.environment?.["SCANMESH_SPOOL"] ?? "");
    expect(`${spool}/`).toContain(`${own[0]}/`);
    const seenByOther = hostFolders(other).filter(({ path }) => `${own[0]}/`.startsWith(`${path}/`));
    expect(seenByOther).toEqual([]);
  }
});

/** The folders of the host that a service mounts; all but the Docker daemon's socket. */
function hostFolders(service: string): { path: string; mode: string | undefined }[] {
  const mounts = (compose.services[service]?.volumes ?? []).map((volume) => withDefaults(volume).split(":"));
  return mounts.flatMap(([path = "", , mode]) => (path.startsWith("/") && !path.endsWith(".sock") ? [{ path, mode }] : []));
}

/** Text of docker-compose.yml as it is without a .env. */
function withDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+(?::-([^}]*))?\}/g, "$1");
}

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
        .map(([name, value]) => [name, withDefaults(value)] as const)
        .filter(([name, value]) => value !== "" && !name.endsWith("_FILE")),
    );
    const needed = { DATABASE_URL: "postgres://x", SCANMESH_AGENT_ID: "a" };
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, ""]));
    expect(readConfig({ ...empty, ...set, ...needed })).toEqual(readConfig({ ...set, ...needed }));
  });
});
