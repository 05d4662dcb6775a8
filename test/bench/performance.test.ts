import { describe, expect, it } from "vitest";
import { costWithoutBytes, linearCost } from "./linear-cost.js";
import { metric } from "./metric.js";
import { withMeasured } from "./performance.js";
import { reportOf, type Report } from "./report.js";
import { figureOf } from "./statistics.js";

const PAGE = `Before.

<!-- measured: made by \`npm run bench -- --write-docs\` -->
old
<!-- measured end -->

After.
`;

const machine = {
  date: "2026-01-02T03:04:05Z",
  cores: 2,
  processor: "a processor",
  memoryGiB: 8,
  system: "linux 6",
  commit: "0123456789",
  loadBefore: 0,
  versions: { node: "24.0.0", clamd: null },
};

function reportWith(value: number, scale = 1): Report {
  const found = metric({ id: "B15", about: "a | b", unit: "s", figure: figureOf([value, value + 1, value + 2]) });
  return JSON.parse(
    JSON.stringify(reportOf(machine, { only: ["B15"], rounds: 3, scale, seed: 1 } as never, [found], [])),
  ) as Report;
}

describe("the page of performance", () => {
  it("has a row for every metric, measured or not, and keeps what is written by hand", () => {
    const page = withMeasured(PAGE, [reportWith(1)]);
    expect(page).toMatch(/^Before\.\n[\s\S]*\n\nAfter\.\n$/);
    expect(page).not.toContain("old");
    expect(page).toContain("| B15 | s | a \\| b | 2.00 | 1.00 – 3.00 | 0.500 | 2.00 | floor | 1 |");
    expect(page).toContain("| B1.T | – | not measured yet | – | – | 0.850 | 0.750 | – | – |");
    expect(page.indexOf("| B2.p50 ")).toBeLessThan(page.indexOf("| B15 "));
    for (const part of ["2026-01-02", "a processor", "node 24.0.0", "0123456789", "rounds: 3"]) expect(page).toContain(part);
    expect(page).not.toContain("clamd");
  });

  it("takes a metric from the last of the runs that has it, and tells what speaks against a run", () => {
    const page = withMeasured(PAGE, [reportWith(1), reportWith(7, 0.5)]);
    expect(page).toContain("| 8.00 | 7.00 – 9.00 | 0.500 | 2.00 | below | 2 |");
    expect(page.match(/^\| B15 /gm)).toHaveLength(1);
    expect(page).toContain("To be doubted: a run at scale 0.5");
  });

  it("can be written again", () => {
    const page = withMeasured(PAGE, [reportWith(1)]);
    expect(withMeasured(page, [reportWith(1)])).toBe(page);
  });
});

describe("the cost of a scan", () => {
  const points = {
    small: { engines: 1, megabytes: 0.1, cost: 3.5 },
    mixed: { engines: 1, megabytes: 0.6, cost: 6 },
    engines: { engines: 8, megabytes: 0.1, cost: 10.5 },
  };

  it("is split into what a scan, an engine and a megabyte cost", () => {
    expect(linearCost(points, ({ cost }) => cost)).toEqual({
      perScan: expect.closeTo(2, 9),
      perEngine: 1,
      perMB: expect.closeTo(5, 9),
    });
  });

  it("is never below nothing", () => {
    const falling = linearCost({ ...points, mixed: { ...points.mixed, cost: 1 } }, ({ cost }) => cost);
    expect(falling).toEqual({ perScan: 2.5, perEngine: 1, perMB: 0 });
  });

  it("has no part by the megabyte for Postgres, and is that of scans that share less", () => {
    expect(costWithoutBytes(points, ({ cost }) => cost)).toEqual({
      perScan: 5,
      perEngine: 1,
      perMB: 0,
    });
  });
});
