import { expect, test } from "vitest";
import { readAgentConfig } from "../../scanner-agent/config.js";
import { defaultAgentId } from "../../schema/agent-name.js";
import { HEARTBEAT_MS } from "../../schema/presence.js";
import { ConfigError } from "../../schema/settings.js";

test("every mistake is reported at once, each with its name", () => {
  const read = () =>
    readAgentConfig({
      SCANMESH_CLASS: "public",
      SCANMESH_AGENT_ID: "a b",
      SCANMESH_HEARTBEAT: "5",
      SCANMESH_SLOTS: "0",
      LOG_LEVEL: "loud",
    });
  expect(read).toThrow(ConfigError);
  for (const name of ["SCANMESH_CLASS", "SCANMESH_AGENT_ID", "SCANMESH_HEARTBEAT", "SCANMESH_SLOTS", "LOG_LEVEL"])
    expect(read).toThrow(name);
});

test("without any setting it runs the isolated engines against a local bus", () => {
  const config = readAgentConfig({});
  expect(config).toMatchObject({
    servers: ["nats://127.0.0.1:4222"],
    internet: "isolated",
    heartbeatMs: 5_000,
    ackWaitMs: 30_000,
    drainGraceMs: 20_000,
  });
  expect(config.agent).toMatch(/^[A-Za-z0-9_-]{1,55}-isolated$/);
  expect(config.spool.endsWith(config.agent)).toBe(true);
});

test("heartbeats are no more frequent and no rarer than gateways take them to be", () => {
  const heartbeat = (text: string) => readAgentConfig({ SCANMESH_HEARTBEAT: text }).heartbeatMs;
  expect([heartbeat("500ms"), heartbeat("100s")]).toEqual([HEARTBEAT_MS.min, HEARTBEAT_MS.max]);
  for (const text of ["499ms", "101s"]) expect(() => heartbeat(text)).toThrow("needs a duration from 500ms to 100s");
});

test("a host name becomes a valid id", () => {
  expect(defaultAgentId("lab.example.org", "internet")).toBe("lab-example-org-internet");
  expect(defaultAgentId("h".repeat(90), "isolated")).toHaveLength(64);
});

test("two agents with one spool setting have folders of their own", () => {
  const spoolOf = (id: string) => readAgentConfig({ SCANMESH_SPOOL: "/var/spool/scanmesh", SCANMESH_AGENT_ID: id }).spool;
  expect(spoolOf("one")).not.toBe(spoolOf("two"));
});

test("certificates mean TLS, and an address over SSH is refused with what to do instead", () => {
  const tls = (env: Record<string, string>) => readAgentConfig({ DOCKER_HOST: "tcp://lab:2376", ...env }).docker.tls;
  expect(tls({})).toBe(false);
  expect(tls({ DOCKER_TLS_VERIFY: "1" })).toBe(true);
  expect(tls({ DOCKER_CERT_PATH: "/etc/docker" })).toBe(true);
  expect(() => readAgentConfig({ DOCKER_HOST: "ssh://me@lab" })).toThrow("name unix:///run/far.sock");
});
