import { expect, it } from "vitest";
import { readGatewayConfig } from "../../gateway/config.js";
import { ConfigError } from "../../schema/settings.js";

const NEEDED = { DATABASE_URL: "postgres://x", SCANMESH_NATS_ISOLATED_CREDS: "/a", SCANMESH_NATS_INTERNET_CREDS: "/b" };

function mistakes(env: Record<string, string>): readonly string[] {
  try {
    readGatewayConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

it("needs the database and both accounts' credentials, and nothing else", () => {
  expect(mistakes({})).toEqual([
    "DATABASE_URL: is not set",
    "SCANMESH_NATS_ISOLATED_CREDS: is not set",
    "SCANMESH_NATS_INTERNET_CREDS: is not set",
  ]);
  expect(readGatewayConfig(NEEDED)).toMatchObject({
    host: "127.0.0.1",
    deadlineMs: 900_000,
    uploadMaxBytes: 536_870_912,
  });
  expect(readGatewayConfig(NEEDED).port).toBeUndefined();
});

it("sends no host to NATS without TLS where NATS demands it", () => {
  const at = (NATS_URL: string, told: string) => mistakes({ ...NEEDED, NATS_URL, SCANMESH_AGENT_NATS_URL: told });
  const [mistake, ...others] = at("tls://nats:4222", "nats://10.0.0.5:4222");
  expect(others).toEqual([]);
  expect(mistake).toMatch(/^SCANMESH_AGENT_NATS_URL: .*write tls:\/\/ instead/);
  expect(at("tls://nats:4222", "10.0.0.5:4222")).toHaveLength(1);
  expect(at("tls://nats:4222", "tls://10.0.0.5:4222")).toEqual([]);
  expect(at("tls://nats:4222", "")).toEqual([]);
  expect(at("nats://nats:4222", "nats://10.0.0.5:4222")).toEqual([]);
});

it("takes all three files of agents' accounts, or none", () => {
  const files = { SCANMESH_NATS_SYSTEM_CREDS: "/s", SCANMESH_NATS_ACCOUNTS_KEY: "/o" };
  expect(mistakes({ ...NEEDED, ...files })).toEqual([
    "SCANMESH_NATS_AGENTS_KEY: must be set where SCANMESH_NATS_SYSTEM_CREDS and SCANMESH_NATS_ACCOUNTS_KEY is set",
  ]);
  expect(readGatewayConfig(NEEDED).accountFiles).toBeUndefined();
  expect(readGatewayConfig({ ...NEEDED, ...files, SCANMESH_NATS_AGENTS_KEY: "/a" }).accountFiles).toEqual({
    systemCreds: "/s",
    accountsKey: "/o",
    agentsKey: "/a",
  });
});

it.each([
  ["PORT", "65536"],
  ["LOG_LEVEL", "loud"],
  ["SCANMESH_UPLOAD_LIMIT", "3GiB"],
  ["SCANMESH_DEADLINE", "soon"],
  ["SCANMESH_TIME_ZONE", "Mars/Olympus"],
  ["SCANMESH_HOSTS", "a b"],
  ["SCANMESH_ORIGINS", "*"],
  ["SCANMESH_ORIGINS", "https://a.example/path"],
  ["SCANMESH_PUBLIC_URL", "foo"],
  ["SCANMESH_AUTH", "on"],
  ["SCANMESH_TRUSTED_PROXIES", "proxy.example.org"],
])("names %s when it is %s", (name, value) => {
  const [mistake, ...more] = mistakes({ ...NEEDED, [name]: value });
  expect(mistake).toMatch(new RegExp(`^${name}: needs .*${value.replace(/[*+?]/g, "\\$&")}`));
  expect(more).toEqual([]);
});

it.each(["0.0.0.0", "::", "192.0.2.1", "scan.example.org", "127.evil"])(
  "must be told whether to ask for keys before it listens on %s",
  (HOST) => {
    expect(mistakes({ ...NEEDED, HOST })).toEqual([expect.stringMatching(/^SCANMESH_AUTH: must be set .*keys.*off/)]);
    for (const SCANMESH_AUTH of ["keys", "off"] as const) {
      expect(readGatewayConfig({ ...NEEDED, HOST, SCANMESH_AUTH }).auth).toBe(SCANMESH_AUTH);
    }
  },
);

it.each(["", "127.0.0.1", "127.8.9.1", "::1", "localhost"])("asks for no key on %s unless it is told to", (HOST) => {
  expect(readGatewayConfig({ ...NEEDED, HOST }).auth).toBe("off");
  expect(readGatewayConfig({ ...NEEDED, HOST, SCANMESH_AUTH: "keys" }).auth).toBe("keys");
});

it("reports every mistake at once", () => {
  expect(mistakes({ ...NEEDED, PORT: "x", SCANMESH_ORIGINS: "*", SCANMESH_ACK_WAIT: "1", HOST: "0.0.0.0" })).toHaveLength(4);
});
