/** Whether subscriptions are read: one whose reader has ended stays open at the server, so only what follows of it shows. */

import { setTimeout as pause } from "node:timers/promises";
import type { Stage } from "../case.js";
import { withPeer } from "../mesh/peer.js";
import { sampleOf } from "../workload/samples.js";
import { openWatcher } from "../workload/watcher.js";

const SCANS = 12;
/** Without a hint a subscriber is told up to 2 s later; with it, at the same moment as at the gateway that gives the hint. */
const APART_MS = 250;
const TOLD_WITHIN_MS = 10_000;
const OBEYS_WITHIN_MS = 5_000;

/** Every end of a scan is recorded by one gateway, of which the other learns by a hint: both tell it at the same moment. */
export async function deafToHints({ mesh, send }: Stage): Promise<string[]> {
  const told = new Map<number, number[]>();
  const listener = {
    file: "",
    write(entry: { kind: string; scan?: number | null; final?: boolean }) {
      if (entry.final && entry.scan) told.set(entry.scan, [...(told.get(entry.scan) ?? []), Date.now()]);
    },
    close: () => undefined,
  };
  const watchers = mesh.gateways.map((gateway) => openWatcher(gateway, listener));
  try {
    for (let n = 0; n < SCANS; n += 1) {
      const scan = await send(mesh.gateways[0], sampleOf({}));
      if (scan !== undefined) for (const watcher of watchers) watcher.watch(scan);
      for (const until = Date.now() + TOLD_WITHIN_MS; Date.now() < until && told.get(scan ?? 0)?.length !== 2;) await pause(10);
    }
  } finally {
    for (const watcher of watchers) await watcher.close();
  }
  const apart = [...told.values()].filter(([first = 0, second = Infinity]) => second - first > APART_MS).length;
  return apart > told.size / 2
    ? [`of ${told.size} scans, ${apart} were told late by one of the gateways: it is deaf to hints`]
    : [];
}

/** An order changes what the agent announces, even if the mesh takes it back at once. */
export async function deafToControl({ mesh }: Stage, agents: readonly string[]): Promise<string[]> {
  return withPeer(mesh, mesh.keys.creds.gateway.isolated, async (nc) => {
    const deaf = new Set(agents);
    nc.subscribe("$KV.AGENTS.*", {
      callback(_error, message) {
        // The key of an agent that left is empty.
        if (message.data.length === 0) return;
        const { agent, state } = message.json<{ agent: string; state: string }>();
        if (state === "CORDONED") deaf.delete(agent);
      },
    });
    const order = (state: string) => {
      for (const agent of agents) nc.publish(`control.agent.${agent}`, JSON.stringify({ v: 1, kind: "state", state }));
    };
    order("CORDONED");
    for (const until = Date.now() + OBEYS_WITHIN_MS; deaf.size > 0 && Date.now() < until;) await pause(50);
    order("READY");
    await nc.flush();
    return [...deaf].map((agent) => `${agent} is deaf to orders`);
  });
}
