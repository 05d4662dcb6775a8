/** An agent's account in a cluster of three servers: what it imports reaches whichever of them leads. */

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
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
  const leaderOf = () =>
    bus.jsm.consumers.info("SCANS", "alpha").then(
      ({ cluster }) => cluster?.leader,
      () => undefined,
    );
  const leader = await until("the consumer has a leader", leaderOf);
  const [, follower = ""] = Object.entries(bus.servers).find(([name]) => name !== leader) ?? [];
  const connectTo = await bus.attacker();
  // Another server has its account a moment later.
  const nc = await until("the server knows the account", () => connectTo(follower).catch(() => undefined));
  expect(follower).toContain(`:${nc.info?.port}`);

  const js = bus.nc.jetstream({ timeout: 20_000 });
  const blob = randomUUID();
  for (const text of ["one", "two"]) await js.publish(scanSubject("ULTRA", "isolated"), text);
  await js.publish(chunkSubject(blob, 0), "chunk");
  const pulled: string[] = [];
  const inbox = "_INBOX.attacker.pulled";
  nc.subscribe(inbox, {
    callback: (_, message) => {
      // What has no bytes says how the pull is.
      if (message.data.length === 0) return;
      pulled.push(message.string());
      message.respond("+ACK");
    },
  });
  await nc.flush();
  await until("both are pulled", async () => {
    nc.publish(pullSubject("alpha"), JSON.stringify({ batch: 2, expires: 1e9 }), { reply: inbox });
    await setTimeout(200);
    return pulled.length >= 2;
  });
  expect(pulled).toEqual(["one", "two"]);
  await until("both are acknowledged", async () => {
    const { num_pending: left, num_ack_pending: open } = await bus.jsm.consumers.info("SCANS", "alpha");
    return left + open === 0;
  });

  const stored = await nc.request(resultSubject("alpha"), "an answer", { timeout: 20_000 });
  expect(stored.json()).toMatchObject({ stream: "RESULTS" });
  const answer = await bus.jsm.streams.getMessage("RESULTS", { last_by_subj: agentResultSubject("alpha", "attacker") });
  expect(new TextDecoder().decode(answer.data)).toBe("an answer");
  // Whichever server has the stream answers, also one that does not have the chunk yet.
  const read = async () => (await nc.request(chunkReadSubject(blob, 0), "", { timeout: 20_000 })).string();
  await until("the chunk is read", async () => (await read()) === "chunk");
  await nc.request(presenceSubject("attacker"), "here", { timeout: 20_000 });
  let told = 0;
  nc.subscribe(controlSubject("attacker"), { callback: () => void (told += 1) });
  await nc.flush();
  // Other servers hear of a subscription a moment later, and control messages may be lost.
  await until("it is told", () => {
    bus.nc.publish(controlSubject("attacker"), "go on");
    return bus.nc.flush().then(() => told > 0);
  });

  const left = async () => (await bus.jsm.consumers.info("SCANS", "beta")).num_pending;
  await until("both wait for beta", async () => (await left()) === 2);
  for (const subject of [pullSubject("beta"), resultSubject("beta"), presenceSubject("victim")]) {
    const asked = nc.request(subject, JSON.stringify({ batch: 1, no_wait: true }), { noMux: true, timeout: 500 });
    await expect(asked).rejects.toThrow();
  }
  expect(await left()).toBe(2);
  await nc.close();
});
