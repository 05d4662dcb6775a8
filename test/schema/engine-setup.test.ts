import { expect, test } from "vitest";
import { EngineSetup, setupId } from "../../schema/engine-setup.js";

const SETUP = {
  runner: "builtin",
  agentVersion: "0.1.0",
  updatedBy: "AGENT",
  limits: { timeout: 60_000, memory: "1M" },
} as const;

const MAIN = { set: "main", digest: "ab".repeat(32) };

test("a setup has the same id in whatever order its limits stand, and another if anything of it is", () => {
  const id = setupId(SETUP);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(setupId({ ...SETUP, limits: { memory: "1M", timeout: 60_000 } })).toBe(id);
  expect(setupId(EngineSetup.parse(JSON.parse(JSON.stringify(SETUP))))).toBe(id);
  const others = [
    { ...SETUP, runner: "process" },
    { ...SETUP, agentVersion: "0.2.0" },
    { ...SETUP, updatedBy: null },
    { ...SETUP, limits: { ...SETUP.limits, timeout: 1 } },
    { ...SETUP, bundles: [MAIN] },
    { ...SETUP, bundles: [MAIN, { ...MAIN, set: "urlhaus" }] },
  ];
  expect(new Set([id, ...others.map(setupId)]).size).toBe(others.length + 1);
  expect(setupId({ ...SETUP, bundles: [] }), "as agents name it that know of no bundles").toBe(id);
});

test("what a newer agent says of its updates is unknown here, and too many limits are refused", () => {
  expect(EngineSetup.parse({ ...SETUP, updatedBy: "SOMEBODY" }).updatedBy).toBeNull();
  const limits = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`limit${n}`, n]));
  expect(EngineSetup.safeParse({ ...SETUP, limits }).success).toBe(false);
});
