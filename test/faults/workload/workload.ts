/** A steady, small load on both gateways, and everything that is written down meanwhile. */

import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "../../bench/random.js";
import type { Gateway, Mesh } from "../mesh/mesh.js";
import { residentMb } from "../mesh/keeper.js";
import { ask, readiness, upload } from "./client.js";
import type { JournalWriter } from "./journal-writer.js";
import { makeSample, type Sample } from "./samples.js";
import { createLoopMeter } from "./loop-meter.js";
import { openWatcher, type Watcher } from "./watcher.js";

const UPLOAD_EVERY_MS = 500;
const READ_EVERY_MS = 400;
const READY_EVERY_MS = 500;
const USAGE_EVERY_MS = 1_000;
/** Of the scans, so many have a subscriber. */
const WATCHED_SHARE = 0.5;
const TRIES = 3;

export interface Workload {
  /** Sends one more sample, with retries as a client makes them; the scan's id, or undefined if nobody took it. */
  send(gateway: Gateway, sample: Sample): Promise<number | undefined>;
  /** Writes down how late the gateways' event loops were, their starts left out. */
  measureLoops(): Promise<void>;
  /** Ends the load and waits for the answers that are under way; subscribers stay. */
  pause(): Promise<void>;
  /** Scans whose end no subscriber was told. */
  untold(): readonly number[];
  close(): Promise<void>;
}

export function startWorkload(mesh: Mesh, journal: JournalWriter, random: Random): Workload {
  const watchers = new Map<string, Watcher>(mesh.gateways.map((gateway) => [gateway.name, openWatcher(gateway, journal)]));
  const known: number[] = [];
  let running = true;

  async function sendOnce(gateway: Gateway, sample: Sample): Promise<number | undefined> {
    const { key, sha256, bytes, infected, internet } = sample;
    journal.write({ kind: "sent", key, gateway: gateway.name, sha256, size: bytes.length, infected, internet });
    const sentAt = Date.now();
    const { status, scan, retryAfter } = await upload(gateway.url, sample);
    journal.write({ kind: "answered", key, gateway: gateway.name, sentAt, status, scan, retryAfter });
    return scan ?? undefined;
  }

  /** Without an answer nobody knows what became of it: it is sent again, to the other gateway, with the same key. */
  async function send(gateway: Gateway, sample: Sample): Promise<number | undefined> {
    for (let n = 0; n < TRIES; n += 1) {
      const other = mesh.gateways.find((one) => one !== gateway) ?? gateway;
      const scan = await sendOnce(n % 2 === 0 ? gateway : other, sample);
      if (scan !== undefined) {
        known.push(scan);
        if (random.unit() < WATCHED_SHARE) watchers.get(gateway.name)?.watch(scan);
        return scan;
      }
      await pause(UPLOAD_EVERY_MS);
    }
    return undefined;
  }

  async function every(ms: number, action: () => Promise<unknown>): Promise<void> {
    while (running) {
      await action();
      await pause(ms);
    }
  }

  async function readReport(gateway: Gateway): Promise<void> {
    const scan = known[Math.floor(random.unit() * known.length)];
    if (scan === undefined) return;
    const { status, retryAfter } = await ask(`${gateway.url}/api/v1/sample/${scan}`);
    journal.write({ kind: "read", gateway: gateway.name, status, retryAfter });
  }

  const loopMeter = createLoopMeter(mesh.gateways);

  async function measure(): Promise<void> {
    await loopMeter.begin();
    const parts = [
      ...mesh.gateways.map((gateway) => ["gateway", gateway] as const),
      ...[...mesh.agents, mesh.internetAgent].map((agent) => ["agent", agent] as const),
    ];
    for (const [part, kept] of parts) {
      const mb = residentMb(kept.current()?.pid ?? 0);
      if (mb !== undefined) journal.write({ kind: "usage", part, name: kept.name, residentMb: mb });
    }
  }

  const loops = Promise.all([
    ...mesh.gateways.flatMap((gateway) => [
      every(UPLOAD_EVERY_MS, () => send(gateway, makeSample(random))),
      every(READ_EVERY_MS, () => readReport(gateway)),
      every(READY_EVERY_MS, async () =>
        journal.write({ kind: "ready", gateway: gateway.name, says: await readiness(gateway.url) }),
      ),
    ]),
    every(USAGE_EVERY_MS, measure),
  ]);

  return {
    send,
    measureLoops: () => loopMeter.measure(journal.write),
    async pause() {
      running = false;
      await loops;
    },
    untold: () => [...watchers.values()].flatMap((watcher) => watcher.open()),
    async close() {
      running = false;
      await loops;
      for (const watcher of watchers.values()) await watcher.close();
    },
  };
}
