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
    HOST: "127.0.0.1",
    SCANMESH_DEADLINE: 900_000,
    SCANMESH_UPLOAD_LIMIT: 536_870_912,
  });
  expect(readGatewayConfig(NEEDED).PORT).toBeUndefined();
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
])("names %s when it is %s", (name, value) => {
  const [mistake, ...more] = mistakes({ ...NEEDED, [name]: value });
  expect(mistake).toMatch(new RegExp(`^${name}: needs .*${value.replace(/[*+?]/g, "\\$&")}`));
  expect(more).toEqual([]);
});

it("reports every mistake at once", () => {
  expect(mistakes({ ...NEEDED, PORT: "x", SCANMESH_ORIGINS: "*", SCANMESH_ACK_WAIT: "1" })).toHaveLength(3);
});
