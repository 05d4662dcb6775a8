/** An agent's account in a cluster of three servers: what it imports reaches whichever of them leads. */

import { randomUUID } from "node:crypto";
import { headers } from "nats";
import { expect, it } from "vitest";
import {
  agentResultSubject,
  chunkReadSubject,
  chunkSubject,
  controlSubject,
  presenceSubject,
  pullSubject,
  resultSubject,
  scanSubject,
} from "../../../schema/subjects.js";
import { until } from "../../stage/stage.js";
import { prepared } from "../../stage/use-stage.js";
import { startAttackedBus } from "./attacked-bus.js";

const bus = prepared(
  () => startAttackedBus({ servers: 3 }),
  (started) => started.close(),
);

it("an agent at a server that leads nothing of it does its work there, and reaches no other's", async () => {
  const leaderOf = async () => {
    const { cluster } = await bus.jsm.consumers.info("SCANS", "alpha");
    return cluster?.leader;
  };
  const leader = await until("the consumer has a leader", leaderOf);
  const [, follower = ""] = Object.entries(bus.servers).find(([name]) => name !== leader) ?? [];
  const connectTo = await bus.attacker();
  // Another server has its account a moment later.
  const nc = await until("the server knows the account", () => connectTo(follower).catch(() => undefined));
  expect(follower).toContain(`:${nc.info?.port}`);

  const js = bus.nc.jetstream();
  const blob = randomUUID();
  for (const text of ["one", "two"]) await js.publish(scanSubject("ULTRA", "isolated"), text);
  await js.publish(chunkSubject(blob, 0), "chunk");
  const pulled: string[] = [];
  const inbox = "_INBOX.attacker.pulled";
  const taking = nc.subscribe(inbox, { max: 2 });
  nc.publish(pullSubject("alpha"), JSON.stringify({ batch: 2, expires: 10e9 }), { reply: inbox });
  for await (const message of taking) {
    pulled.push(message.string());
    message.respond("+ACK");
  }
  expect(pulled).toEqual(["one", "two"]);
  const { num_pending: behind } = await bus.jsm.consumers.info("SCANS", "alpha");
  expect(behind).toBe(0);
  await until("both are acknowledged", async () => (await bus.jsm.consumers.info("SCANS", "alpha")).num_ack_pending === 0);

  const stored = await nc.request(resultSubject("alpha"), "an answer", { timeout: 10_000 });
  expect(stored.json()).toMatchObject({ stream: "RESULTS" });
  const answer = await bus.jsm.streams.getMessage("RESULTS", { last_by_subj: agentResultSubject("alpha", "attacker") });
  expect(new TextDecoder().decode(answer.data)).toBe("an answer");
  expect((await nc.request(chunkReadSubject(blob, 0), "", { timeout: 10_000 })).string()).toBe("chunk");
  await nc.request(presenceSubject("attacker"), "here", { timeout: 10_000 });
  let told = 0;
  nc.subscribe(controlSubject("attacker"), { callback: () => void (told += 1) });
  await nc.flush();
  // Other servers hear of a subscription a moment later, and control messages may be lost.
  await until("it is told", () => {
    bus.nc.publish(controlSubject("attacker"), "go on");
    return bus.nc.flush().then(() => told > 0);
  });

  const { num_pending: before } = await bus.jsm.consumers.info("SCANS", "beta");
  expect(before).toBe(2);
  for (const subject of [pullSubject("beta"), resultSubject("beta"), presenceSubject("victim")]) {
    const asked = { headers: headers(), noMux: true, timeout: 500 };
    await expect(nc.request(subject, JSON.stringify({ batch: 1, no_wait: true }), asked)).rejects.toThrow();
  }
  expect((await bus.jsm.consumers.info("SCANS", "beta")).num_pending).toBe(2);
  await nc.close();
});
