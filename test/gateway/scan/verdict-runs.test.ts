import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { restAfter, slotsForUpdates } from "../../../gateway/scan/verdict-runs.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";
import { CREATE_WEBHOOK, startReceiver } from "../webhooks/webhook-receiver.js";
import { base64, shown, submit } from "./submitting.js";

const SLOTS = 10;
const ALLOWED = 2;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8" }));
const agent = usePuppet(stage, "puppet", [engine("Alpha", { slots: SLOTS }), engine("Beta")]);
const receiver = prepared(startReceiver, ({ close }) => close());

const versions = (signatures: string) => ({ engine: "1.0", signatures, signatureDate: null });

/** All of Alpha's hosts have these signatures from now on. */
const update = (signatures: string) => agent.announce([{ versions: versions(signatures) }]);

async function follow(enabled: boolean): Promise<void> {
  const { set } = await data<{ set: { rescan?: { enabled: boolean } } }>(
    gateway.url,
    `mutation($on: Boolean!) { set: setRescanAfterUpdates(engine: "alpha", enabled: $on) { ... on SetRescanAfterUpdatesSuccess { rescan { enabled } } } }`,
    { on: enabled },
  );
  expect(set.rescan?.enabled).toBe(enabled);
}

/** Scans new samples, of which both engines say that they are clean; the oldest first. */
async function scanned(signatures: string, texts: readonly string[]): Promise<number[]> {
  const scans: number[] = [];
  for (const text of texts) {
    const { scan } = await submit(gateway.url, { base64: base64(text), name: text });
    for (const name of ["Alpha", "Beta"])
      await agent.answer(name, { scan: scan.scanId, verdict: "CLEAN", versions: versions(name === "Alpha" ? signatures : "42") });
    await until("it is final", async () => (await shown(gateway.url, scan.scanId)).endDate ?? undefined);
    scans.push(scan.scanId);
  }
  return scans;
}

interface Rescan {
  readonly engine: { readonly name: string };
  readonly version: string | null;
  readonly run: { readonly state: string; readonly version: string; readonly checked: number; readonly flips: number } | null;
}

const runOf = async () => {
  const query = "{ updateRescans { engine { name } version run { state version checked failed flips } } }";
  const { updateRescans } = await data<{ updateRescans: Rescan[] }>(gateway.url, query);
  return updateRescans.find(({ engine: { name } }) => name === "Alpha");
};

const done = (version: string) =>
  until(`all is scanned again with ${version}`, async () => {
    const run = (await runOf())?.run;
    return run?.state === "DONE" && run.version.endsWith(version) ? run : undefined;
  });

/** Once the gateway has gone through its runs a few times more. */
async function later(): Promise<void> {
  await gateway.context.verdictRuns.continue();
  await pause(1_000);
  await gateway.context.verdictRuns.continue();
  await gateway.context.verdictRuns.continue();
}

/** The scans that are under way because of an update, by their names. */
async function underWay(): Promise<{ id: number; name: string }[]> {
  return stage.db
    .selectFrom("verdict_checks")
    .innerJoin("scans", "scans.id", "verdict_checks.scan_id")
    .select(["scans.id", "scans.name"])
    .where("end_date", "is", null)
    .execute();
}

/** Answers Alpha's scans of updates until there is none, and returns their names in the order of their numbers. */
async function answerAll(signatures: string, infected: (name: string) => boolean, run: Promise<unknown>): Promise<string[]> {
  const names = new Map<number, string>();
  let ended = false;
  const end = run.finally(() => (ended = true));
  while (!ended) {
    const open = await underWay();
    expect(open.length).toBeLessThanOrEqual(ALLOWED);
    for (const { id, name } of open) {
      names.set(id, name);
      const found = infected(name);
      const verdict = found ? "INFECTED" : "CLEAN";
      await agent.answer("Alpha", { scan: id, verdict, signature: found ? "New" : null, versions: versions(signatures) });
    }
  }
  await end;
  return [...names].toSorted(([one], [other]) => one - other).map(([, name]) => name);
}

const FLIPS = `{ verdictFlips(filter: { engines: ["alpha"] }) { nodes {
  engine from to fromSignature toSignature fromVersion toVersion sample { sha256 } previous { scanId }
  scan { scanId origin priority verdict name results { engine verdict reusedFrom } } } } }`;

interface Flip {
  readonly engine: string;
  readonly from: string;
  readonly to: string;
  readonly scan: { readonly scanId: number; readonly name: string };
}

const flips = async () => (await data<{ verdictFlips: { nodes: Flip[] } }>(gateway.url, FLIPS)).verdictFlips.nodes;

it("scans of updates have a fifth of the slots, and where that is less than one, a fifth of the time of one", () => {
  expect([0, 1, 4, 5, 9, 10, 16].map(slotsForUpdates)).toEqual([0, 1, 1, 1, 1, 2, 3]);
  expect(restAfter(100, 1), "one fifth of the time").toBeCloseTo(400);
  expect(restAfter(100, 4)).toBeCloseTo(25);
  expect(restAfter(100, 5)).toBe(0);
});

describe("after an update of an engine's signatures", () => {
  it("verdicts that change are found and told once, in few slots, and nothing else shows that samples were scanned again", async () => {
    const texts = Array.from({ length: 5 }, (_, n) => `sample ${n}`);
    const scans = await scanned("42", texts);
    await data(gateway.url, CREATE_WEBHOOK, {
      input: { url: receiver.url, events: ["VERDICT_FLIPPED", "SCAN_FINISHED", "SCAN_DETECTED"] },
    });
    await follow(true);
    await update("43");
    const order = await answerAll("43", (name) => name === "sample 3", done("43"));
    expect(order, "the newest first, each once").toEqual(texts.toReversed());

    expect((await runOf())?.run).toMatchObject({ checked: 5, failed: 0, flips: 1 });
    expect((await ask(`${gateway.url}/metrics`)).text).toContain(
      '\nscanmesh_verdict_flips_total{engine="Alpha",verdict="INFECTED"} 1\n',
    );
    expect(await flips()).toEqual([
      {
        engine: "Alpha",
        from: "CLEAN",
        to: "INFECTED",
        fromSignature: null,
        toSignature: "New",
        fromVersion: "42",
        toVersion: "43",
        sample: { sha256: expect.any(String) },
        previous: { scanId: scans[3] },
        scan: {
          scanId: expect.any(Number),
          origin: "UPDATE",
          priority: "BULK",
          verdict: "INFECTED",
          name: "sample 3",
          results: [
            { engine: "Alpha", verdict: "INFECTED", reusedFrom: null },
            { engine: "Beta", verdict: "CLEAN", reusedFrom: scans[3] },
          ],
        },
      },
    ]);

    const lists = "{ all: scans { nodes { scanId } } updates: scans(filter: { origins: [UPDATE] }) { nodes { name } } }";
    const { all, updates } = await data<Record<"all" | "updates", { nodes: object[] }>>(gateway.url, lists);
    expect(all.nodes).toEqual(scans.toReversed().map((scanId) => ({ scanId })));
    expect(updates.nodes).toEqual([{ name: "sample 3" }]);
    const kept = await stage.db.selectFrom("scans").select("id").execute();
    expect(kept, "what has changed nothing is gone").toHaveLength(scans.length + 1);

    const told = await until("the webhook is told", () => (receiver.received.length > 0 ? receiver.received : undefined));
    expect(told.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      {
        type: "verdict.flipped",
        data: {
          scan: { name: "sample 3", verdict: "INFECTED", previous: scans[3] },
          flip: {
            engine: "Alpha",
            from: { verdict: "CLEAN", version: "42" },
            to: { verdict: "INFECTED", signature: "New", version: "43" },
          },
        },
      },
    ]);
    const deliveries = await stage.db.selectFrom("webhook_deliveries").select("event").execute();
    expect(deliveries).toEqual([{ event: "VERDICT_FLIPPED" }]);
    await until("the statistics have all that somebody asked for", async () => {
      const rows = await stage.db.selectFrom("hourly_scans").select(["clean", "infected"]).execute();
      const left = await stage.db.selectFrom("uncounted_scans").selectAll().execute();
      return (
        left.length === 0 && rows.reduce((sum, { clean }) => sum + clean, 0) === 5 && rows.every(({ infected }) => infected === 0)
      );
    });
  });

  it("another update takes the run's place, and after one that is taken back what it said is asked again", async () => {
    await update("44");
    await until("it scans again", async () => ((await underWay()).length === ALLOWED ? true : undefined));
    await update("45");
    await until("the newer update has begun", async () => ((await runOf())?.run?.version.endsWith("45") ? true : undefined));
    await answerAll("45", (name) => name !== "sample 0", done("45"));
    const runs = await stage.db.selectFrom("verdict_runs").select("state").orderBy("id").execute();
    expect(runs.map(({ state }) => state)).toEqual(["DONE", "REPLACED", "DONE"]);
    const bad = await flips();
    expect(bad.map(({ scan: { name }, to }) => `${name} ${to}`).toSorted()).toEqual(
      [1, 2, 3, 4].map((n) => `sample ${n} INFECTED`).toSorted(),
    );
    // Of the first version are the verdicts that no later one has changed.
    await update("42");
    const again = await answerAll("42", () => false, done("42"));
    expect(again).toEqual(["sample 4", "sample 3", "sample 2", "sample 1"]);
    expect((await flips()).map(({ to }) => to)).toEqual([...Array(4).fill("CLEAN"), ...Array(4).fill("INFECTED")]);
  });

  it("nothing is scanned again while hosts differ, nor when it is switched off", async () => {
    const count = async () => (await stage.db.selectFrom("verdict_runs").selectAll().execute()).length;
    const before = await count();
    const other = await startPuppet(stage, "other", [engine("Alpha", { slots: SLOTS, versions: versions("42") })]);
    try {
      await update("46");
      // The gateway has looked at it several times by the time that it would have begun.
      await until("both are heard", async () => ((await runOf())?.version === null ? true : undefined));
      await later();
      expect(await count()).toBe(before);
      await other.announce([{ versions: versions("46") }]);
      await until("it scans again", async () => ((await underWay()).length > 0 ? true : undefined));
      expect(await count()).toBe(before + 1);
      await other.announce([{ versions: versions("47") }]);
      await until("they differ again", async () => ((await runOf())?.version === null ? true : undefined));
      for (const { id } of await underWay())
        await agent.answer("Alpha", { scan: id, verdict: "CLEAN", versions: versions("46") });
      await later();
      expect(await underWay()).toEqual([]);
    } finally {
      await other.leave();
      await other.close();
    }
    await follow(false);
    expect((await runOf())?.run).toMatchObject({ state: "STOPPED" });
    await update("48");
    await later();
    expect(await underWay()).toEqual([]);
    expect(await count()).toBe(before + 1);
  });
});
