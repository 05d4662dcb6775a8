/** What `npm run capacity` calculates, with constants that make the sums easy to follow. */

import { describe, expect, it } from "vitest";
import { CONSTANTS_FILE, readConstants, type Constants } from "../../cli/capacity-constants.js";
import { readDemand, type Given } from "../../cli/capacity-input.js";
import { engineRate, expectedFetches, planCapacity, sharedRate } from "../../cli/capacity-plan.js";
import { capacityTables } from "../../cli/capacity-tables.js";
import { OperatorError } from "../../schema/operator-error.js";

const nothing = { perScan: 0, perEngine: 0, perMB: 0 };
const constants: Constants = {
  v: 1,
  machine: {
    date: "2026-01-01T00:00:00Z",
    cores: 2,
    processor: "a processor",
    memoryGiB: 8,
    system: "linux",
    commit: "abc",
    versions: {},
  },
  doubts: [],
  cpuMs: {
    gateway: { perScan: 0.5, perEngine: 0.25, perMB: 5 },
    agent: { perScan: 0, perEngine: 0.2, perMB: 4 },
    "nats-server": { perScan: 0.2, perEngine: 0.1, perMB: 8 },
    postgres: { perScan: 0.3, perEngine: 0.1, perMB: 0 },
  },
  postgres: {
    statements: { perScan: 0.4, perEngine: 0.1, perMB: 0 },
    commits: { perScan: 0.3, perEngine: 0.1, perMB: 0 },
    walBytes: { perScan: 2_000, perEngine: 500, perMB: 0 },
    rowBytes: { perScan: 1_000, perEngine: 200, perMB: 0 },
    mostCommitsPerSecond: 1_000,
  },
  nats: {
    messagesIn: { perScan: 2, perEngine: 2, perMB: 2 },
    messagesOut: { perScan: 2, perEngine: 2, perMB: 2 },
    mostStoredPerSecond: 10_000,
    mostMBPerSecond: 200,
  },
  turnaroundMs: 2,
  engines: { Yara: { cpuMs: 1, cpuMsPerMB: 10, source: "measured" } },
};

const given: Given = {
  scansPerHour: "36000",
  meanSize: "500KB",
  engines: "av:40ms/MB+8ms",
  cores: "4",
  days: "10",
  unique: "1",
  utilisation: "0.5",
};
const demandOf = (changed: Partial<Given> = {}) => readDemand({ ...given, ...changed }, constants);
const planOf = (changed: Partial<Given> = {}) => planCapacity(demandOf(changed), constants);

describe("what is asked", () => {
  it("names engines with their costs, waits and slots, or as they were measured", () => {
    const { engines } = demandOf({ engines: "av:40ms/MB+2ms, cloud:1.5s-wait+1ms+3ms/MB-wait@8,yara", slotsPerHost: "6" });
    expect(engines).toEqual([
      { name: "av", cpuMs: 2, cpuMsPerMB: 40, waitMs: 0, waitMsPerMB: 0, slots: 6 },
      { name: "cloud", cpuMs: 1, cpuMsPerMB: 0, waitMs: 1_500, waitMsPerMB: 3, slots: 8 },
      { name: "Yara", cpuMs: 1, cpuMsPerMB: 10, waitMs: 0, waitMsPerMB: 0, slots: 6 },
    ]);
  });

  it("gives an engine as many slots as a host has cores, if nobody says otherwise", () => {
    expect(demandOf().engines[0]?.slots).toBe(4);
  });

  it.each([
    ["300KB", 0.3],
    ["2MiB", 2.097152],
    ["1 mb", 1],
    ["4096", 0.004096],
    ["1.5kB", 0.0015],
  ])("reads the size %s", (meanSize, megabytes) => {
    expect(demandOf({ meanSize }).meanMB).toBeCloseTo(megabytes, 9);
  });

  it.each<[Partial<Given>, string]>([
    [{ scansPerHour: "many" }, "--scans-per-hour"],
    [{ scansPerHour: "" }, "--scans-per-hour"],
    [{ scansPerHour: "0" }, "--scans-per-hour"],
    [{ scansPerHour: "Infinity" }, "--scans-per-hour"],
    [{ meanSize: "big" }, "--mean-size"],
    [{ meanSize: "0" }, "--mean-size"],
    [{ meanSize: "-1KB" }, "--mean-size"],
    [{ meanSize: "1XB" }, "--mean-size"],
    [{ engines: "" }, "--engines"],
    [{ engines: "av:" }, "--engines"],
    [{ engines: "av:40" }, "--engines"],
    [{ engines: "av:2ms,AV:3ms" }, "twice"],
    [{ engines: "av:2ms@0" }, "slots of av"],
    [{ engines: "nobody" }, "Known are Yara"],
    [{ slotsPerHost: "1.5" }, "--slots-per-host"],
    [{ cores: "0" }, "--cores"],
    [{ days: "0" }, "--days"],
    [{ unique: "2" }, "--unique"],
    [{ utilisation: "1" }, "--utilisation"],
  ])("refuses %j with one sentence", (changed, named) => {
    const refuse = () => demandOf(changed);
    expect(refuse).toThrow(OperatorError);
    expect(refuse).toThrow(named);
    expect(refuse).not.toThrow("\n");
  });
});

describe("the plan", () => {
  it("gives an engine slots and cores for its work, with the headroom", () => {
    // 10 scans a second, each 8 ms + 20 ms of a core and 2 ms until the next: 0.3 slots and 0.28 cores are busy, at 50 %.
    expect(planOf().engines).toEqual([{ name: "av", serviceMs: 30, slots: 1, cores: expect.closeTo(0.28, 9), hosts: 1 }]);
    expect(planOf({ scansPerHour: "3600000" }).engines[0]).toMatchObject({ slots: 60, hosts: 15 });
  });

  it("counts hosts of waiting engines by their slots, whatever the cores", () => {
    const plan = planOf({ engines: "cloud:198ms-wait@8" });
    expect(plan.engines[0]).toMatchObject({ serviceMs: 200, slots: 4, cores: 0, hosts: 1 });
    expect(planOf({ engines: "cloud:198ms-wait@8", scansPerHour: "360000" }).hosts).toBe(5);
  });

  it("counts hosts by the cores of all engines together and of the agents", () => {
    // 100 scans a second: twice 1 core, and the agent's 0.2 ms for each engine and 4 ms per MB: 0.24 cores.
    const plan = planOf({ engines: "a:10ms,b:10ms", scansPerHour: "360000", cores: "1" });
    expect(plan.hosts).toBe(5);
    expect(plan.hostCores).toBeCloseTo(2 + (0.4 + 4 * 0.5 * plan.fetches) / 10, 9);
  });

  it("lets each host fetch a sample once, wherever its engines' requests are taken", () => {
    expect(expectedFetches(5, 1)).toBe(1);
    expect(expectedFetches(1, 5)).toBeCloseTo(1, 9);
    expect(expectedFetches(2, 2)).toBeCloseTo(1.5, 9);
    expect(expectedFetches(1_000, 3)).toBeCloseTo(3, 6);
  });

  it("tells disks, loads and the network", () => {
    const plan = planOf();
    expect(plan.samples.diskGB).toBeCloseTo((10 * 86_400 * 10 * 0.5) / 1_000, 6);
    expect(plan.samples.diskGBPerMillion).toBeCloseTo(500, 6);
    expect(plan.rows.diskGBPerMillion).toBeCloseTo(1.2, 6);
    expect(plan.postgres).toEqual({
      statements: expect.closeTo(5, 9),
      commits: expect.closeTo(4, 9),
      walMB: expect.closeTo(0.025, 9),
      cores: expect.closeTo(0.004, 9),
    });
    expect(plan.nats).toEqual({
      messages: expect.closeTo(100, 9),
      inMB: expect.closeTo(5, 9),
      outMB: expect.closeTo(5, 9),
      cores: expect.closeTo(0.043, 9),
    });
    expect(plan.network).toEqual({ hostIn: expect.closeTo(40, 9), gatewayInAndOut: expect.closeTo(40, 9) });
    expect(planOf({ unique: "0.25" }).samples.diskGB).toBeCloseTo(plan.samples.diskGB / 4, 6);
  });

  it("has as many gateways as one thread each needs, with the headroom", () => {
    expect(planOf().gateways).toEqual({ count: 1, cores: expect.closeTo(0.0325, 9) });
    expect(planOf({ scansPerHour: "3600000" }).gateways.count).toBe(7);
  });

  it("grows with what is asked, and costs nothing that was not measured", () => {
    const [once, twice] = [planOf(), planOf({ scansPerHour: "72000" })];
    expect(twice.postgres.walMB).toBeCloseTo(2 * once.postgres.walMB, 9);
    const free = { ...constants, cpuMs: { gateway: nothing, agent: nothing, "nats-server": nothing, postgres: nothing } };
    expect(planCapacity(demandOf(), free).limits.every(({ scansPerHour }) => scansPerHour > 0)).toBe(true);
  });
});

describe("limits", () => {
  it("name the part that is used up first, at the same headroom", () => {
    const { limits } = planOf();
    // A gateway's 3.25 ms of one thread; NATS's 4.3 ms of two cores; 200 MB/s; 1,000 commits, 0.4 a scan.
    expect(limits[0]).toEqual({
      part: "one gateway",
      bound: "its thread",
      scansPerHour: expect.closeTo((1_000 / 3.25) * 1_800, 3),
    });
    expect(limits.map(({ scansPerHour }) => scansPerHour)).toEqual(
      limits.map(({ scansPerHour }) => scansPerHour).toSorted((a, b) => a - b),
    );
    expect(limits.find(({ bound }) => bound === "MB/s stored")?.scansPerHour).toBeCloseTo(400 * 1_800, 3);
    expect(limits.find(({ bound }) => bound === "commits on its disk")?.scansPerHour).toBeCloseTo(2_500 * 1_800, 3);
  });

  it("of waiting engines are their slots, and of one machine its cores", () => {
    const sleep = { name: "sleep", cpuMs: 0, cpuMsPerMB: 0, waitMs: 198, waitMsPerMB: 0, slots: 8 };
    expect(engineRate(sleep, 4, 0.004, constants)).toBeCloseTo(160, 9);
    expect(sharedRate([sleep], 0, constants)).toBeCloseTo(2_000 / 1.65, 6);
  });
});

describe("the tables", () => {
  it("name every engine and the bottleneck, and where the constants come from", () => {
    const demand = demandOf({ engines: "av:40ms/MB+8ms,cloud:200ms-wait@8" });
    const text = capacityTables(planCapacity(demand, constants), demand, { ...constants, doubts: ["it was busy"] });
    for (const expected of ["av ", "cloud ", "The bottleneck is one gateway", "one NATS", "2026-01-01", "! it was busy", "50 %"])
      expect(text).toContain(expected);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("say so when one NATS or one Postgres is not enough", () => {
    const demand = demandOf({ scansPerHour: "36000000" });
    expect(capacityTables(planCapacity(demand, constants), demand, constants)).toContain("needs a larger machine");
  });
});

describe("the constants", () => {
  it("that come with this version can be read", () => {
    expect(readConstants(CONSTANTS_FILE).v).toBe(1);
  });

  it.each(["/nowhere/constants.json", "package.json"])("are no such thing in %s", (file) => {
    expect(() => readConstants(file)).toThrow(OperatorError);
  });
});
