/** Gateways and agents that kill themselves at one named line of their code, as a power cut would. */

import { setTimeout as pause } from "node:timers/promises";
import type { FaultCase, Stage } from "../case.js";
import type { KeptPart } from "../mesh/mesh.js";
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

/** So many samples at a time are answered together. */
const TOGETHER = 8;

/** Starts a part so that it dies once it has to do with answers that are sent together, and sends samples until it has. */
async function dieTogether(
  part: KeptPart,
  setting: Readonly<Record<string, string>>,
  { mesh, send }: Stage,
): Promise<() => string[]> {
  const [, gateway] = mesh.gateways;
  await part.down("SIGTERM");
  part.nextStart(setting);
  await part.up();
  const doomed = part.current();
  for (const until = Date.now() + DIES_WITHIN_MS; part.current() === doomed && Date.now() < until;)
    await Promise.all(Array.from({ length: TOGETHER }, () => send(gateway, sampleOf({}))));
  const hasDied = part.current() !== doomed;
  if (!hasDied) await part.down("SIGKILL");
  await part.up();
  return () => (hasDied ? [] : [`${part.name} was never given answers that are sent together`]);
}

export const gatewayDiesAfterCommit: FaultCase = {
  name: "gateway-dies-after-commit",
  about:
    "A gateway dies while Postgres accepts a scan, and between the commit and its publishing; what is committed, another one publishes.",
  target: "gateway",
  needs: ["nats", "postgres"],
  takesEveryUpload: true,
  run: (stage) => dieAtEach(["accept.sent", "outbox.after_commit"], stage),
};

export const gatewayDiesEverywhere: FaultCase = {
  name: "gateway-dies-everywhere",
  about:
    "A gateway dies at each other point: bytes stored, before a scan is accepted, before publishing and before the request is marked, and between recording a result and acknowledging it.",
  target: "gateway",
  needs: ["nats", "postgres"],
  takesEveryUpload: true,
  run: (stage) =>
    dieAtEach(
      ["submit.after_keep", "accept.before_commit", "outbox.before_publish", "outbox.before_mark", "record.after_commit"],
      stage,
    ),
};

export const gatewayDiesTogether: FaultCase = {
  name: "gateway-dies-together",
  about: "A gateway dies between recording results that came in one message and acknowledging it; they come again.",
  target: "gateway",
  needs: ["agent", "nats", "postgres"],
  takesEveryUpload: true,
  run: (stage) => dieTogether(stage.mesh.gateways[0], { SCANMESH_FAILPOINT: "record.after_commit_together:kill" }, stage),
};

export const agentDiesTogether: FaultCase = {
  name: "agent-dies-together",
  about: "An agent dies after the bus has several of its answers in one message, and before it acknowledges their requests.",
  target: "agent",
  needs: ["gateway", "nats", "postgres"],
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  run: (stage) => dieTogether(stage.mesh.agents[0], { DIE_AFTER_STORING: "2" }, stage),
};
