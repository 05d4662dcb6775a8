/** Messages that are not what their subject carries. */

import { setTimeout as pause } from "node:timers/promises";
import { ALL_BUT_AGENTS, type FaultCase, type Stage } from "../case.js";
import { withPeer } from "../mesh/peer.js";
import { deafToControl, deafToHints } from "./deaf.js";
import { announce, withdraw } from "../mesh/presence.js";

const LASTS_MS = 2_000;

const GARBAGE: readonly Buffer[] = [
  "",
  "no JSON",
  "null",
  "[]",
  "{}",
  '{"v":2}',
  '{"v":1}',
  '{"v":1,"scans":[[1]]}',
  '{"v":1,"scans":[[9007199254740993,1e400]]}',
  '{"v":1,"scan":1,"state":"BANANA"}',
  '{"v":1,"kind":"state","state":"GONE"}',
  '{"v":1,"__proto__":{"scan":1}}',
  "[".repeat(100_000),
  "\u0000\u001b[2J",
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.alloc(4_096, 0xff), Buffer.alloc(900_000, 0x20)]);

async function publish({ mesh, probe }: Stage, internet: "isolated" | "internet", subjects: readonly string[]) {
  await withPeer(mesh, mesh.keys.creds.gateway[internet], async (nc) => {
    for (const subject of subjects) for (const bytes of GARBAGE) nc.publish(subject, bytes);
    await nc.flush();
  });
  await pause(LASTS_MS);
  const problems = await probe();
  return () => problems;
}

const UNHARMED = { answered: { reads: 1, uploads: 1 }, takesEveryUpload: true, target: "bus", needs: ALL_BUT_AGENTS } as const;

export const garbageHints: FaultCase = {
  ...UNHARMED,
  name: "garbage-hints",
  about: "Garbage, and messages of a later version, are published to live.scan and live.keys.",
  async run(stage) {
    const findings = await publish(stage, "isolated", ["live.scan", "live.keys"]);
    return async () => [...findings(), ...(await deafToHints(stage))];
  },
};

export const garbageControl: FaultCase = {
  ...UNHARMED,
  name: "garbage-control",
  about: "Garbage is published to the subjects on which agents are told things.",
  async run(stage) {
    await publish(stage, "internet", ["control.agent.agent-internet"]);
    const agents = stage.mesh.agents.map(({ name }) => name);
    const findings = await publish(
      stage,
      "isolated",
      agents.map((name) => `control.agent.${name}`),
    );
    return async () => [...findings(), ...(await deafToControl(stage, agents))];
  },
};

export const garbageResults: FaultCase = {
  ...UNHARMED,
  name: "garbage-results",
  about: "Garbage is published as results of engines that there are, and of one that there is not.",
  async run(stage) {
    await publish(stage, "internet", ["result.honeypot", "result.canary"]);
    return publish(stage, "isolated", ["result.canary", "result.hasher", "result.nobody"]);
  },
};

export const garbagePresence: FaultCase = {
  ...UNHARMED,
  name: "garbage-presence",
  about: "An agent's presence is garbage of every kind; at last it leaves.",
  run: ({ mesh, probe }) =>
    withPeer(mesh, mesh.keys.creds.agent.isolated, async (nc) => {
      for (const bytes of GARBAGE) await announce(nc, "garbage", bytes);
      await pause(LASTS_MS);
      const problems = await probe();
      await withdraw(nc, "garbage");
      return () => problems;
    }),
};
