/** Gateways that kill themselves at one named line of their code, as a power cut would. */

import { setTimeout as pause } from "node:timers/promises";
import type { FaultCase, Stage } from "../case.js";
import { sampleOf } from "../workload/samples.js";

const DIES_WITHIN_MS = 20_000;

/** Starts the first gateway so that it dies at the point, sends it a sample, and waits until that has happened. */
async function dieAt(point: string, { mesh, send }: Stage): Promise<string[]> {
  const [gateway] = mesh.gateways;
  await gateway.down("SIGTERM");
  gateway.nextStart({ SCANMESH_FAILPOINT: `${point}:kill` });
  await gateway.up();
  const doomed = gateway.current();
  await Promise.race([send(gateway, sampleOf({})), doomed?.exited]);
  await Promise.race([doomed?.exited, pause(DIES_WITHIN_MS, undefined, { ref: false })]);
  const hasDied = gateway.current() !== doomed;
  await gateway.down("SIGKILL");
  await gateway.up();
  return hasDied ? [] : [`no gateway came to ${point}`];
}

async function dieAtEach(points: readonly string[], stage: Stage): Promise<() => string[]> {
  const missed: string[] = [];
  for (const point of points) missed.push(...(await dieAt(point, stage)));
  return () => missed;
}

export const gatewayDiesAfterCommit: FaultCase = {
  name: "gateway-dies-after-commit",
  about: "A gateway dies between the commit of a scan and its publishing; another one publishes it.",
  target: "gateway",
  needs: ["nats", "postgres"],
  takesEveryUpload: true,
  run: (stage) => dieAtEach(["outbox.after_commit"], stage),
};

export const gatewayDiesEverywhere: FaultCase = {
  name: "gateway-dies-everywhere",
  about:
    "A gateway dies at each other point: bytes stored, before the commit, before and after publishing, and between recording a result and acknowledging it.",
  target: "gateway",
  needs: ["nats", "postgres"],
  takesEveryUpload: true,
  run: (stage) =>
    dieAtEach(
      ["submit.after_keep", "accept.before_commit", "outbox.before_publish", "outbox.before_mark", "record.after_commit"],
      stage,
    ),
};
