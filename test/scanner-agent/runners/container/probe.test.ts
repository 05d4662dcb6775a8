import { describe, expect, test } from "vitest";
import { openDaemon } from "../../../../scanner-agent/runners/container/docker.js";
import { checkNetwork, checkPrivileges } from "../../../../scanner-agent/runners/container/probe.js";

const ZEROS = " 0".repeat(16);
const INTERFACES = `Inter-|   Receive |  Transmit\n face |bytes packets|bytes packets\n    lo:${ZEROS}\n`;
const NO_ROUTES = "Iface\tDestination\tGateway \tFlags\tRefCnt\n";
const FENCED =
  ["Inh", "Prm", "Eff", "Bnd", "Amb"].map((set) => `Cap${set}:\t0000000000000000`).join("\n") +
  "\nNoNewPrivs:\t1\nSeccomp:\t2\nUid:\t65534\t65534\n";

describe("what a probe sees", () => {
  test("is isolation if there is nothing but lo, and what every network namespace has", () => {
    expect(() => checkNetwork(INTERFACES + NO_ROUTES)).not.toThrow();
    expect(() => checkNetwork(`${INTERFACES}  sit0:${ZEROS}\n tunl0:${ZEROS}\n${NO_ROUTES}`)).not.toThrow();
  });

  test.each([
    ["another interface", `${INTERFACES}  eth0:${ZEROS}\n${NO_ROUTES}`, "an isolated container has the interface eth0"],
    ["a route", `${INTERFACES}${NO_ROUTES}sit0\t00000000\t010011AC\t0003\t0\n`, "an isolated container has a route"],
    ["nothing", "", "cannot read the network of the probe"],
  ])("is none with %s, and the agent refuses", (_, seen, reason) => {
    expect(() => checkNetwork(seen)).toThrow(reason);
  });

  test.each([
    ["a capability", FENCED.replace("CapEff:\t0000000000000000", "CapEff:\t0000000000000001"), "CapEff is 0000000000000001"],
    ["a way to gain one", FENCED.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0"), "NoNewPrivs is 0"],
    ["no seccomp", FENCED.replace("Seccomp:\t2", "Seccomp:\t0"), "Seccomp is 0"],
    ["root", FENCED.replace("Uid:\t65534", "Uid:\t0"), "Uid is 0"],
  ])("with %s is not the profile, and the agent refuses", (_, seen, reason) => {
    expect(() => checkPrivileges(FENCED)).not.toThrow();
    expect(() => checkPrivileges(seen)).toThrow(`the container profile does not hold: ${reason}`);
  });
});

describe("a daemon's address", () => {
  const reached = (host: string | undefined, tls = false) => {
    const daemon = openDaemon({ host, certificates: undefined, tls });
    return daemon.ask("answer", ({ modem }) => Promise.resolve(modem as unknown as Record<string, unknown>));
  };

  test.each([
    [undefined, false, { socketPath: "/var/run/docker.sock" }],
    ["unix:///run/podman/podman.sock", false, { socketPath: "/run/podman/podman.sock" }],
    ["tcp://scanner.lab:2375", false, { host: "scanner.lab", port: "2375", protocol: "http" }],
    ["tcp://scanner.lab", true, { host: "scanner.lab", port: 2376, protocol: "https" }],
    ["https://scanner.lab:443", false, { host: "scanner.lab", protocol: "https" }],
  ])("%s is taken as Docker's own client takes it", async (host, tls, expected) => {
    expect(await reached(host, tls)).toMatchObject(expected);
  });

  test("whose certificates are not there is why it cannot be reached", async () => {
    const daemon = openDaemon({ host: "tcp://scanner.lab:2376", certificates: "/nowhere", tls: true });
    await expect(daemon.ping()).rejects.toThrow(/^cannot reach Docker \(.*\/nowhere\/ca\.pem/);
  });
});
