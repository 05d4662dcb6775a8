import { randomUUID } from "node:crypto";
import { headers, type NatsConnection } from "nats";
import { expect, it } from "vitest";
import { AGENT_LIMITS, agentImports } from "../../../schema/agent-account.js";
import {
  ackSubjects,
  agentResultSubject,
  ALL_CHUNK_READS,
  chunkReadSubject,
  chunkSubject,
  controlSubject,
  presenceSubject,
  pullSubject,
  resultSubject,
  scanSubject,
} from "../../../schema/subjects.js";
import { isOlder } from "../../../standalone/nats.js";
import { until } from "../../stage/stage.js";
import { prepared } from "../../stage/use-stage.js";
import { ask, handled, service, type Attack } from "./attack.js";
import { ATTACKERS, startAttackedBus, type AttackedBus } from "./attacked-bus.js";
import { BUNDLE_ATTACKS } from "./bundle-attacks.js";
import { takeAll } from "./take-all.js";

const bus = prepared(startAttackedBus, (started) => started.close());

const BLOB = randomUUID();
const PULL = JSON.stringify({ batch: 5, expires: 400_000_000 });

async function publishRequest({ nc }: Pick<AttackedBus, "nc">, internet: "isolated" | "internet" = "isolated"): Promise<void> {
  await nc.jetstream().publish(scanSubject("ULTRA", internet), "request");
}

/** A request that another agent has taken for beta, and works on. */
async function takeForBeta({ nc }: AttackedBus): Promise<string> {
  const { reply } = await nc.request(pullSubject("beta"), JSON.stringify({ batch: 1, expires: 5e9 }), {
    timeout: 6_000,
    noMux: true,
  });
  return reply ?? "";
}

/** How many of beta's requests are acknowledged by what is published where `forge` says. */
async function acknowledgeForBeta(attacker: NatsConnection, attacked: AttackedBus, forge: (ack: string) => string) {
  await publishRequest(attacked);
  const ack = await takeForBeta(attacked);
  const before = await unacknowledged(attacked, "beta");
  attacker.publish(forge(ack), "+ACK");
  await handled(attacker);
  return before - (await unacknowledged(attacked, "beta"));
}

/** The newer form of an acknowledgement, in any domain. */
const anyDomain = ([, newer = ""]: string[]) => newer.replace("_", "*");

const unacknowledged = async ({ jsm }: AttackedBus, engine: string) =>
  (await jsm.consumers.info("SCANS", engine)).num_ack_pending;

const stored = async ({ jsm }: Pick<AttackedBus, "jsm">, stream: string, subjects_filter: string) =>
  Object.values((await jsm.streams.info(stream, { subjects_filter })).state.subjects ?? {}).reduce((sum, n) => sum + n, 0);

const ATTACKS: Readonly<Record<string, Attack>> = {
  "pulls another engine's requests": {
    async run(attacker, { nc }) {
      await publishRequest({ nc });
      const answer = await ask(attacker, pullSubject("beta"), PULL);
      return answer?.data.length ?? 0;
    },
    loosened: { imports: ({ isolated }) => [service("pull-beta", isolated, pullSubject("beta"))] },
  },
  "acknowledges another engine's request": {
    run: async (attacker, attacked) => acknowledgeForBeta(attacker, attacked, (ack) => ack),
    loosened: { imports: ({ isolated }) => [service("ack-1-beta", isolated, ackSubjects("beta")[0] ?? "")] },
  },
  "acknowledges another engine's request in the form of newer servers": {
    // With an engine of its own that is called like the number of the request, where the other engine would be in that form.
    run: async (attacker, attacked) =>
      acknowledgeForBeta(attacker, attacked, (ack) => `$JS.ACK.SCANS.beta.SCANS.${ack.split(".")[5]}.1.1.0`),
    loosened: {
      imports: ({ isolated }) => ATTACKERS.map((engine) => service(`ack-2-${engine}`, isolated, anyDomain(ackSubjects(engine)))),
    },
    async open({ offer }) {
      await offer((offered) =>
        offered.map((one) => (one.name === "ack-2" ? { ...one, subject: anyDomain(ackSubjects("*")) } : one)),
      );
      return () => offer();
    },
  },
  "answers for another engine": {
    async run(attacker, attacked) {
      await ask(attacker, resultSubject("beta"), "a lie");
      return stored(attacked, "RESULTS", "result.beta.>");
    },
    loosened: {
      imports: ({ isolated }) => [
        service("result-beta", isolated, agentResultSubject("beta", "attacker"), resultSubject("beta")),
      ],
    },
  },
  "answers in another agent's name": {
    async run(attacker, attacked) {
      await ask(attacker, agentResultSubject("alpha", "victim"), "a lie");
      return stored(attacked, "RESULTS", agentResultSubject("alpha", "victim"));
    },
    loosened: { imports: ({ isolated }) => [service("result-others", isolated, "result.alpha.*")] },
  },
  "puts or removes another agent's presence": {
    async run(attacker, attacked) {
      await attacked.nc.request(presenceSubject("victim"), "here");
      const removal = headers();
      removal.set("KV-Operation", "DEL");
      await ask(attacker, presenceSubject("victim"), "", { headers: removal });
      const { header } = await attacked.jsm.streams.getMessage("KV_AGENTS", { last_by_subj: presenceSubject("victim") });
      return header.get("KV-Operation") === "DEL" ? 1 : 0;
    },
    loosened: { imports: ({ isolated }) => [service("presence", isolated, presenceSubject("*"))] },
  },
  "hears what another agent is told": {
    async run(attacker, { nc }) {
      let heard = 0;
      for (const subject of [controlSubject("victim"), controlSubject("*"), ">"])
        attacker.subscribe(subject, {
          callback: (_, { data }) => void (heard += Number(new TextDecoder().decode(data) === "secret")),
        });
      await handled(attacker);
      nc.publish(controlSubject("victim"), "secret");
      nc.publish("live.scan", "secret");
      await nc.flush();
      await handled(attacker);
      return heard;
    },
    loosened: {
      imports: ({ isolated }) => [{ name: "control", type: "stream", account: isolated, subject: controlSubject("*") }],
    },
  },
  "works for the other class": {
    async run(attacker, { internet }) {
      await publishRequest(internet, "internet");
      const answer = await ask(attacker, pullSubject("gamma"), PULL);
      await ask(attacker, resultSubject("gamma"), "a lie");
      return (answer?.data.length ?? 0) + (await stored(internet, "RESULTS", "result.gamma.>"));
    },
    loosened: {
      imports: ({ internet }) => [
        service("pull-gamma", internet, pullSubject("gamma")),
        service("result-gamma", internet, agentResultSubject("gamma", "attacker"), resultSubject("gamma")),
      ],
    },
  },
  "reads samples of the other class": {
    async run(attacker, { internet }) {
      await internet.nc.request(chunkSubject(BLOB, 0), "secret");
      return (await ask(attacker, chunkReadSubject(BLOB, 0)))?.data.length ?? 0;
    },
    loosened: { imports: ({ internet }) => [service("chunk", internet, ALL_CHUNK_READS)] },
  },
  "replaces all presence by a roll-up": {
    async run(attacker, { nc, jsm }) {
      await nc.request(presenceSubject("victim"), "here");
      const rollup = headers();
      rollup.set("Nats-Rollup", "all");
      await ask(attacker, presenceSubject("attacker"), "alone", { headers: rollup });
      const { state } = await jsm.streams.info("KV_AGENTS", { subjects_filter: presenceSubject("victim") });
      return state.subjects?.[presenceSubject("victim")] === undefined ? 1 : 0;
    },
    loosened: { user: "gateway" },
    async open({ jsm }) {
      await jsm.streams.update("KV_AGENTS", { allow_rollup_hdrs: true });
      return async () => void (await jsm.streams.update("KV_AGENTS", { allow_rollup_hdrs: false }));
    },
  },
  "has an answer written where it may not write": {
    async run(attacker, attacked) {
      await publishRequest(attacked);
      const ack = await takeForBeta(attacked);
      const [requests, pending] = [await stored(attacked, "SCANS", "scan.>"), await unacknowledged(attacked, "beta")];
      let heard = 0;
      attacked.nc.subscribe("_INBOX.victim.>", { callback: () => void (heard += 1) });
      await attacked.nc.flush();
      const targets = [ack, "_INBOX.victim.1", "scan.ultra.isolated", "$JS.API.STREAM.PURGE.SCANS"];
      for (const reply of targets) {
        attacker.publish(resultSubject("alpha"), "x", { reply });
        attacker.publish(presenceSubject("attacker"), "x", { reply });
        attacker.publish(pullSubject("alpha"), JSON.stringify({ batch: 1, no_wait: true }), { reply });
      }
      await handled(attacker);
      const [requestsAfter, pendingAfter] = [await stored(attacked, "SCANS", "scan.>"), await unacknowledged(attacked, "beta")];
      return heard + Math.abs(requestsAfter - requests) + Math.abs(pendingAfter - pending);
    },
    // What agents can do that share the credentials of their class.
    loosened: { user: "agent" },
  },
  "has requests delivered by a consumer of its own": {
    async run(attacker, { jsm }) {
      const before = (await jsm.streams.info("SCANS")).state.consumer_count;
      for (const verb of ["CREATE.SCANS", "DURABLE.CREATE.SCANS.mine", "CREATE.SCANS.mine"])
        await ask(
          attacker,
          `$JS.API.CONSUMER.${verb}`,
          JSON.stringify({
            stream_name: "SCANS",
            config: { durable_name: "mine", deliver_subject: "_INBOX.attacker.1", ack_policy: "none" },
          }),
        );
      return (await jsm.streams.info("SCANS")).state.consumer_count - before;
    },
    loosened: { user: "gateway" },
  },
  "keeps messages of its own on NATS": {
    async run(attacker) {
      const answer = await ask(attacker, "$JS.API.STREAM.CREATE.MINE", JSON.stringify({ name: "MINE", subjects: ["mine"] }));
      return answer === undefined || answer.json<{ error?: object }>().error ? 0 : 1;
    },
    loosened: { limits: { disk_storage: -1, mem_storage: -1, streams: -1, consumer: -1 } },
  },
  "traces what becomes of its message in the account of its class": {
    async run(attacker) {
      let told = 0;
      attacker.subscribe("_INBOX.attacker.trace", {
        callback: (_, { data }) => void (told += Number(new TextDecoder().decode(data).includes('"js"'))),
      });
      const traced = headers();
      traced.set("Nats-Trace-Dest", "_INBOX.attacker.trace");
      await ask(attacker, resultSubject("alpha"), "x", { headers: traced });
      await handled(attacker);
      return told;
    },
    loosened: {},
    async open({ offer }) {
      await offer((offered) => offered.map((one) => (one.name === "result" ? { ...one, allow_trace: true } : one)));
      return () => offer();
    },
    since: "2.11.0",
  },
};

it.each(Object.entries({ ...ATTACKS, ...BUNDLE_ATTACKS }))(
  "an agent in an account of its own that %s gets nothing, and would if it were let",
  async (_, attack) => {
    const attacker = await (await bus.attacker())();
    expect(await attack.run(attacker, bus)).toBe(0);
    await attacker.close();
    if (attack.since !== undefined && isOlder(bus.nc.info?.version ?? "", attack.since)) return;
    const close = await attack.open?.(bus);
    const free = await (await bus.attacker(attack.loosened))();
    try {
      await until("the attack succeeds with what is loosened", async () => (await attack.run(free, bus)) > 0);
    } finally {
      await close?.();
      await free.close();
    }
  },
);

it("each kind of what an agent's account takes from its class is loosened by an attack", () => {
  const kindsOf = (imports: readonly { name?: string | undefined }[]) =>
    new Set(imports.map(({ name = "" }) => name.replace(/-[a-z0-9]+$/, "")));
  const keys = { isolated: "A", internet: "B" };
  const loosened = Object.values({ ...ATTACKS, ...BUNDLE_ATTACKS }).flatMap((attack) => attack.loosened.imports?.(keys) ?? []);
  expect([...kindsOf(loosened)]).toEqual(
    expect.arrayContaining([...kindsOf(agentImports({ agent: "attacker", engines: ["alpha"], account: "A" }))]),
  );
});

it("a message id that an agent gives its answer keeps no other agent's answer out", async () => {
  const attacker = await (await bus.attacker())();
  const id = headers();
  id.set("Nats-Msg-Id", "1");
  await ask(attacker, resultSubject("alpha"), "x", { headers: id });
  const before = await stored(bus, "RESULTS", "result.>");
  // Answers of the product have no id; with one, the second would count as a repetition of the first.
  await bus.nc.request(agentResultSubject("beta", "victim"), "y");
  expect(await stored(bus, "RESULTS", "result.>")).toBe(before + 1);
  await bus.nc.request(agentResultSubject("beta", "victim"), "y", { headers: id, timeout: 5_000 });
  expect(await stored(bus, "RESULTS", "result.>")).toBe(before + 1);
  await attacker.close();
});

it("an agent has few connections and subscriptions and short messages, and would have more if it were let", async () => {
  expect(AGENT_LIMITS).toMatchObject({ conn: 16, subs: 1_000, payload: 1_048_576 });
  // The product's payload is what NATS takes of anybody.
  const held = await takeAll(bus, { limits: { payload: 800 } });
  expect(held).toEqual({ connections: 16, subscriptions: expect.any(Number) as number, bytes: 0 });
  expect(held.subscriptions).toBeLessThanOrEqual(1_000);
  expect(await takeAll(bus, { limits: { conn: -1, subs: -1, payload: -1 } })).toEqual({
    connections: 20,
    subscriptions: 1_100,
    bytes: 900,
  });
});
