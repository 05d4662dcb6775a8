import { headers, type Msg, type NatsConnection } from "nats";
import { expect, it } from "vitest";
import { AGENT_LIMITS } from "../../../schema/agent-account.js";
import {
  ackSubjects,
  agentResultSubject,
  controlSubject,
  presenceSubject,
  pullSubject,
  resultSubject,
  scanSubject,
} from "../../../schema/subjects.js";
import { until } from "../../stage/stage.js";
import { prepared } from "../../stage/use-stage.js";
import { startAttackedBus, type AttackedBus, type Loosened } from "./attacked-bus.js";

const bus = prepared(startAttackedBus, (started) => started.close());

interface Attack {
  /** Tries it, and returns how much of others it has got, changed or removed. */
  readonly run: (attacker: NatsConnection, bus: AttackedBus) => Promise<number>;
  /** With this it succeeds. */
  readonly loosened: Loosened;
  /** What of the bus has to be opened too, until the result is called. */
  readonly open?: (bus: AttackedBus) => Promise<() => Promise<void>>;
}

const PULL = JSON.stringify({ batch: 5, expires: 400_000_000 });

/** What an attacker's request is answered with; nothing if nobody answers. */
async function ask(nc: NatsConnection, subject: string, body = "", options: { headers?: ReturnType<typeof headers> } = {}) {
  // A pulled message keeps its own subject, so the answer needs an inbox of its own.
  return nc.request(subject, body, { timeout: 500, noMux: true, ...options }).then(
    (answer): Msg | undefined => answer,
    () => undefined,
  );
}

/** NATS has handled all that the attacker has sent: its own request comes after it. */
async function handled(attacker: NatsConnection): Promise<void> {
  await ask(attacker, presenceSubject("attacker"), "here");
}

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

const unacknowledged = async ({ jsm }: AttackedBus, engine: string) =>
  (await jsm.consumers.info("SCANS", engine)).num_ack_pending;

const stored = async ({ jsm }: Pick<AttackedBus, "jsm">, stream: string, subjects_filter: string) =>
  Object.values((await jsm.streams.info(stream, { subjects_filter })).state.subjects ?? {}).reduce((sum, n) => sum + n, 0);

const service = (name: string, account: string, subject: string, local = subject) =>
  ({ name, type: "service", account, subject, local_subject: local }) as const;

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
    async run(attacker, attacked) {
      await publishRequest(attacked);
      const ack = await takeForBeta(attacked);
      const before = await unacknowledged(attacked, "beta");
      attacker.publish(ack, "+ACK");
      // In the other form, with another engine and an engine of its own that is called like the number of the request.
      attacker.publish(`$JS.ACK.SCANS.beta.SCANS.${ack.split(".")[5]}.1.1.0`, "+ACK");
      await handled(attacker);
      return before - (await unacknowledged(attacked, "beta"));
    },
    loosened: { imports: ({ isolated }) => [service("ack-beta", isolated, ackSubjects("beta")[0] ?? "")] },
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
};

it.each(Object.entries(ATTACKS))(
  "an agent in an account of its own that %s gets nothing, and would if it were let",
  async (_, attack) => {
    const attacker = await (await bus.attacker())();
    expect(await attack.run(attacker, bus)).toBe(0);
    await attacker.close();
    const free = await (await bus.attacker(attack.loosened))();
    const close = await attack.open?.(bus);
    try {
      await until("the attack succeeds with what is loosened", async () => (await attack.run(free, bus)) > 0);
    } finally {
      await close?.();
      await free.close();
    }
  },
);

it("a trace of its message tells an agent nothing of the account of its class", async () => {
  const attacker = await (await bus.attacker())();
  const told: string[] = [];
  attacker.subscribe("_INBOX.attacker.trace", { callback: (_, { data }) => void told.push(new TextDecoder().decode(data)) });
  const traced = headers();
  traced.set("Nats-Trace-Dest", "_INBOX.attacker.trace");
  await ask(attacker, resultSubject("alpha"), "x", { headers: traced });
  await handled(attacker);
  expect(told.filter((text) => text.includes('"js"'))).toEqual([]);
  await attacker.close();
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

/** How many connections, subscriptions and bytes NATS takes of one agent that wants more of each. */
async function takeAll(loosened: Loosened): Promise<{ connections: number; subscriptions: number; bytes: number }> {
  const connect = await bus.attacker(loosened);
  const connections: NatsConnection[] = [];
  // One after the other: on a busy machine NATS gives up on some of many that come at once.
  for (let n = 0; n < 20; n++) {
    const nc = await connect().catch(() => undefined);
    if (nc) connections.push(nc);
  }
  const [first] = connections;
  if (first === undefined) throw new Error("NATS takes no connection of the agent");
  let heard = 0;
  for (let n = 0; n < 1_100; n++) first.subscribe("_INBOX.attacker.many", { callback: () => void (heard += 1) });
  first.publish("_INBOX.attacker.many");
  await first.flush();
  let bytes = 0;
  bus.nc.subscribe(presenceSubject("attacker"), { callback: (_, { data }) => void (bytes = Math.max(bytes, data.length)) });
  await bus.nc.flush();
  // An attacker's client keeps to nothing that NATS tells it.
  if (first.info) first.info.max_payload = 1_000_000;
  first.publish(presenceSubject("attacker"), new Uint8Array(900));
  // NATS ends the connection, or has taken the message.
  await Promise.race([first.closed(), first.flush()]);
  await bus.nc.flush();
  await Promise.all(connections.map((nc) => nc.close()));
  return { connections: connections.length, subscriptions: heard, bytes };
}

it("an agent has few connections and subscriptions and short messages, and would have more if it were let", async () => {
  expect(AGENT_LIMITS).toMatchObject({ conn: 16, subs: 1_000, payload: 1_048_576 });
  // The product's payload is what NATS takes of anybody.
  const held = await takeAll({ limits: { payload: 800 } });
  expect(held).toEqual({ connections: 16, subscriptions: expect.any(Number) as number, bytes: 0 });
  expect(held.subscriptions).toBeLessThanOrEqual(1_000);
  expect(await takeAll({ limits: { conn: -1, subs: -1, payload: -1 } })).toEqual({
    connections: 20,
    subscriptions: 1_100,
    bytes: 900,
  });
});
