import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { ConfigError } from "../../schema/settings.js";
import { readStandaloneConfig } from "../../standalone/config.js";

function mistakes(env: Record<string, string>): readonly string[] {
  try {
    readStandaloneConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test("without settings everything is embedded and the data is in the clone", () => {
  const config = readStandaloneConfig({});
  const none = { databaseUrl: undefined, nats: undefined, listening: undefined };
  expect(config).toMatchObject({ home: projectPath(".scanmesh"), ...none });
  expect(config.gatewayEnv).toMatchObject({ HOST: "127.0.0.1" });
  expect(config.gatewayEnv).not.toHaveProperty("PORT");
  expect(config.agentEnv).toMatchObject({ SCANMESH_AGENT_ID: "local-isolated", SCANMESH_SPOOL: join(config.home, "spool") });
});

test("the mistakes of all parts are told at once", () => {
  const told = mistakes({
    NATS_URL: "nats://bus",
    PORT: "http",
    SCANMESH_DEADLINE: "soon",
    SCANMESH_SLOTS: "0",
    LOG_LEVEL: "loud",
  });
  const settings = told.map((mistake) => mistake.split(":")[0]);
  expect(settings.toSorted()).toEqual(["LOG_LEVEL", "NATS_URL", "PORT", "SCANMESH_DEADLINE", "SCANMESH_SLOTS"]);
});

test("a NATS of one's own needs all credentials", () => {
  const env = { NATS_URL: "nats://bus", SCANMESH_NATS_ISOLATED_CREDS: "/i" };
  expect(mistakes(env)).toEqual([expect.stringMatching(/SCANMESH_NATS_INTERNET_CREDS, SCANMESH_NATS_CREDS must be set too/)]);
  const { nats } = readStandaloneConfig({ ...env, SCANMESH_NATS_INTERNET_CREDS: "/o", SCANMESH_NATS_CREDS: "/a" });
  expect(nats).toEqual({ url: "nats://bus", gatewayIsolatedCreds: "/i", gatewayInternetCreds: "/o", agentCreds: "/a" });
});

test("other hosts are let in encrypted and with keys alone", () => {
  const { listening, requiresKeys, gatewayEnv } = readStandaloneConfig({ SCANMESH_TLS_NAMES: "scan.example.org" }, "10.0.0.5");
  expect(listening).toEqual({ host: "10.0.0.5", httpsPort: 8443, natsPort: 4222, names: ["scan.example.org"], given: undefined });
  expect([requiresKeys, gatewayEnv["HOST"], gatewayEnv["SCANMESH_TLS_HOST"]]).toEqual([true, "127.0.0.1", "10.0.0.5"]);
  expect(readStandaloneConfig({ SCANMESH_LISTEN: "127.0.0.1" }).requiresKeys).toBe(false);
  expect(mistakes({ SCANMESH_LISTEN: "0.0.0.0", SCANMESH_AUTH: "off" })).toEqual([
    expect.stringMatching(/^SCANMESH_AUTH: is off/),
  ]);
  expect(mistakes({ SCANMESH_LISTEN: "0.0.0.0", SCANMESH_TLS_CERT: "/cert.pem" })).toEqual([
    expect.stringMatching(/^SCANMESH_TLS_KEY: must be set/),
  ]);
});

test("the agent is not told the database's address", () => {
  const { databaseUrl, agentEnv } = readStandaloneConfig({ DATABASE_URL: "postgres://user:secret@db/mesh" });
  expect(databaseUrl).toBe("postgres://user:secret@db/mesh");
  expect(Object.values(agentEnv)).not.toContain(databaseUrl);
});

test("the user's settings reach the parts", () => {
  const { home, gatewayEnv, agentEnv } = readStandaloneConfig({
    SCANMESH_HOME: "data",
    PORT: "9000",
    SCANMESH_DRAIN_GRACE: "1s",
  });
  expect(home).toBe(resolve("data"));
  expect(gatewayEnv).toMatchObject({ PORT: "9000" });
  expect(agentEnv).toMatchObject({ SCANMESH_DRAIN_GRACE: "1s" });
});

test("the agent has the name that the user gives it, and no other class than isolated", () => {
  expect(readStandaloneConfig({ SCANMESH_AGENT_ID: "mine" }).agentEnv).toMatchObject({ SCANMESH_AGENT_ID: "mine" });
  expect(readStandaloneConfig({ SCANMESH_CLASS: "isolated" }).agentEnv).toMatchObject({ SCANMESH_CLASS: "isolated" });
  expect(mistakes({ SCANMESH_CLASS: "internet" })).toEqual([
    expect.stringMatching(/^SCANMESH_CLASS: npm run up starts an agent of the class isolated and no other/),
  ]);
});
