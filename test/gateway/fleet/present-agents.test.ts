import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import { createPresentAgents, type PresentAgents } from "../../../gateway/fleet/present-agents.js";
import type { InternetClass } from "../../../schema/classes.js";
import { PRESENCE_BYTES } from "../../../schema/streams.js";

afterEach(() => vi.restoreAllMocks());

const refused: InternetClass[] = [];
const lines: string[] = [];

function crowd(): PresentAgents {
  refused.length = lines.length = 0;
  return createPresentAgents(pino({}, { write: (line) => lines.push(line) }), (internet) => refused.push(internet));
}

const hear = (agents: PresentAgents, agent: string, bytes = 500, internet: InternetClass = "isolated") =>
  agents.hear(
    agent,
    {
      presence: {
        v: 1,
        agent,
        host: "host",
        version: "0",
        class: internet,
        startedAt: new Date().toISOString(),
        heartbeatMs: 5_000,
        state: "READY",
        proofs: [],
        engines: [],
      },
      unreadable: [],
      incomplete: false,
    },
    bytes,
  );

it("keeps no more agents of a class than it has memory for, says so once, and counts those that it ignores", () => {
  const agents = crowd();
  for (let n = 0; n < 2_500; n += 1) hear(agents, `made-up-${n}`);
  expect(agents.list()).toHaveLength(2_000);
  expect(lines.filter((line) => line.includes("more agents than a gateway keeps"))).toHaveLength(1);
  expect(refused).toHaveLength(500);
  expect(hear(agents, "made-up-7"), "it was there").toBe("KNOWN");
  expect(hear(agents, "honest", 500, "internet"), "the other class has its own room").toBe("NEW");
});

it("keeps no more bytes of a class than its bucket holds, whatever the agents that it has send", () => {
  const agents = crowd();
  const half = PRESENCE_BYTES / 2;
  expect([hear(agents, "one", half), hear(agents, "two", half), hear(agents, "three", 1)]).toEqual(["NEW", "NEW", "REFUSED"]);
  expect(hear(agents, "two", half + 1)).toBe("REFUSED");
  expect(hear(agents, "two", 100)).toBe("KNOWN");
  expect(hear(agents, "three", 1)).toBe("NEW");
});

it("has room again once agents have left or fallen silent", () => {
  const agents = crowd();
  for (let n = 0; n < 2_000; n += 1) hear(agents, `agent-${n}`);
  expect(hear(agents, "late")).toBe("REFUSED");
  agents.leave("isolated", "agent-0", "RESTARTING");
  expect(hear(agents, "late")).toBe("NEW");
  const later = performance.now() + 16_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  expect(hear(agents, "later")).toBe("NEW");
  expect(agents.list().map(({ presence }) => presence.agent)).toEqual(["later"]);
});
