import { expect, it } from "vitest";
import { checkNames, planScan, type PlanRequest } from "../../../gateway/scan/plan.js";
import type { EngineRecord } from "../../../schema/reports.js";

const engine = (name: string, rest: Partial<EngineRecord> = {}): EngineRecord => ({
  engineId: 1,
  name,
  type: "AV",
  speed: "FAST",
  internet: false,
  input: "file",
  accepts: null,
  detects: false,
  enabled: true,
  engineVersion: null,
  signatureVersion: null,
  signatureDate: null,
  stale: false,
  lastHealthyAt: null,
  unhealthy: null,
  answered: true,
  available: true,
  ...rest,
});

const ANY: PlanRequest = { speed: "ALL", internet: true, mime: "text/plain" };

const reasons = (catalogue: EngineRecord[], request: Partial<PlanRequest>) =>
  Object.fromEntries(planScan(catalogue, { ...ANY, ...request }).skipped.map(({ engine: name, reason }) => [name, reason]));

it("expects every enabled, available engine that the request lets in", () => {
  const { expected, skipped, refused } = planScan([engine("A"), engine("B", { internet: true, speed: "SLOW" })], ANY);
  expect(expected.map(({ name }) => name)).toEqual(["A", "B"]);
  expect({ skipped, refused }).toEqual({ skipped: [], refused: false });
});

it("takes the slowest class allowed as inclusive", () => {
  const catalogue = (["ULTRA", "FAST", "MEDIUM", "SLOW"] as const).map((speed) => engine(speed, { speed }));
  expect(reasons(catalogue, { speed: "ULTRA" })).toEqual({ FAST: "TOO_SLOW", MEDIUM: "TOO_SLOW", SLOW: "TOO_SLOW" });
  expect(reasons(catalogue, { speed: "MEDIUM" })).toEqual({ SLOW: "TOO_SLOW" });
  expect(reasons(catalogue, { speed: "ALL" })).toEqual({});
});

it.each([
  ["DISABLED", engine("X", { enabled: false, available: false }), {}],
  ["NOT_SELECTED", engine("X"), { engines: ["y"] }],
  ["INTERNET_FORBIDDEN", engine("X", { internet: true }), { internet: false }],
  ["UNSUPPORTED_TYPE", engine("X", { accepts: ["application/pdf", "image/*"] }), {}],
  ["UNHEALTHY", engine("X", { available: false }), {}],
] as const)("leaves an engine out as %s", (reason, one, request) => {
  expect(reasons([one], request)).toEqual({ X: reason });
});

it("matches a type exactly or by its family", () => {
  const catalogue = [engine("X", { accepts: ["image/*"] }), engine("Y", { accepts: ["application/pdf"] })];
  expect(reasons(catalogue, { mime: "image/png" })).toEqual({ Y: "UNSUPPORTED_TYPE" });
  expect(reasons(catalogue, { mime: "application/pdf" })).toEqual({ X: "UNSUPPORTED_TYPE" });
});

it("matches a type without regard to case", () => {
  const catalogue = [engine("X", { accepts: ["Video/*"] }), engine("Y", { accepts: ["video/MP2P"] })];
  expect(planScan(catalogue, { ...ANY, mime: "video/mp2p" }).expected).toHaveLength(2);
});

it("refuses only when agents are missing: the request's own choice is no reason", () => {
  expect(planScan([], ANY).refused).toBe(true);
  expect(planScan([engine("A", { available: false })], ANY).refused).toBe(true);
  expect(planScan([engine("A")], { ...ANY, engines: [] }).refused).toBe(false);
  expect(planScan([engine("A", { available: false }), engine("B")], ANY).refused).toBe(false);
});

it("says of an engine that agents have turned off how it is turned on", () => {
  const check = (name: string) => () => checkNames([engine("ClamAV")], { engines: [name] }, () => ["Sophos"]);
  expect(check("sophos")).toThrow("the engine Sophos is off on every agent: `Sophos: on` under `engines:`");
  expect(check("Clamaw")).toThrow("no engine is called Clamaw; did you mean ClamAV?");
});
