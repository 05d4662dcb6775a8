import { describe, expect, it } from "vitest";
import { Manifest } from "../../schema/manifest.js";

const CONTAINER = { image: "malice/avg", mode: "exec", command: ["/bin/avscan", "{file}"] };
const manifest = (container: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  name: "Avg",
  type: "AV",
  speed: "ULTRA",
  internet: false,
  output: "malice",
  run: { container: { ...CONTAINER, ...container } },
  ...more,
});

describe("the container way of running", () => {
  it("has the profile's limits where nothing is said", () => {
    expect(Manifest.parse(manifest({})).run.container).toMatchObject({
      limits: { memory: 1024 ** 3, cpus: 1, pids: 128, files: 1024, tmp: 64 * 1024 ** 2, output: 8 * 1024 ** 2 },
      recycle: { scans: 100, after: 3_600_000 },
      spares: 1,
      relax: [],
    });
  });

  it.each([
    ["an unknown mode", { mode: "run" }, "run.container.mode"],
    ["no image reference", { image: "Not An Image" }, "run.container.image"],
    ["an unknown limit", { limits: { disk: "1GiB" } }, "run.container.limits"],
    ["a limit that is no size", { limits: { memory: "much" } }, "run.container.limits.memory"],
    ["mode exec without a command", { command: undefined }, "run.container.command"],
    ["mode exec with a socket", { socket: "/run/clamd.sock" }, "run.container.socket"],
    ["mode service without socket and port", { mode: "service" }, "run.container.mode"],
    ["mode service with both", { mode: "service", socket: "/run/a.sock", port: 3993 }, "run.container.mode"],
    ["a port of an isolated engine", { mode: "service", port: 3993, command: undefined }, "run.container.port"],
    [
      "mode service with a command for its version",
      { mode: "service", socket: "/run/a.sock", version: ["v"] },
      "run.container.version",
    ],
    [
      "mode service with a command for its date",
      { mode: "service", socket: "/run/a.sock", updated: ["u"] },
      "run.container.updated",
    ],
    ["something loosened without a reason", { relax: [{ user: "root" }] }, "run.container.relax.0"],
    ["two things loosened for one reason", { relax: [{ user: "root", tmpExec: true, why: "x" }] }, "run.container.relax.0"],
    ["something loosened that nothing is", { relax: [{ privileged: true, why: "x" }] }, "run.container.relax.0"],
    ["no sample for a recycled container", { recycle: { scans: 0 } }, "run.container.recycle.scans"],
  ])("with %s is refused by field", (_, container, field) => {
    const parsed = Manifest.safeParse(manifest(container));
    expect(parsed.error?.issues.map(({ path }) => path.join("."))).toContain(field);
  });
});
