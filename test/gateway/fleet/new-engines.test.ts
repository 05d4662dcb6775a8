import { afterAll, expect, it, vi } from "vitest";
import { closeUnserved, UNSERVED_BATCH } from "../../../gateway/background/unserved.js";
import { createRowBatches } from "../../../gateway/batches/row-batches.js";
import { readEngines } from "../../../gateway/db/engines.js";
import { presenceSubject } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, shown, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_ENGINES_MAX: "4" }));
const agent = usePuppet(stage, "puppet", [engine("Stays")]);

afterAll(() => vi.restoreAllMocks());

/** What an agent says once: it counts as present for three heartbeats. */
async function say(id: string, engines: unknown[], heartbeatMs = 1_000): Promise<void> {
  const startedAt = new Date().toISOString();
  const itself = {
    v: 1,
    agent: id,
    host: "stage",
    version: "0",
    class: "isolated",
    startedAt,
    state: "READY",
    proofs: [],
    sealing: 1,
  };
  await agent.request(presenceSubject(id), JSON.stringify({ ...itself, heartbeatMs, engines }));
}

const known = async (name: string) => (await readEngines(stage.db)).find((one) => one.name === name);
const names = async () => (await readEngines(stage.db)).map(({ name }) => name);
const heard = (id: string) => gateway.context.fleet.agents().find((one) => one.agent === id);
const scanOf = async (name: string) =>
  Number((await submit(gateway.url, { base64: base64(`for ${name} ${Math.random()}`), engines: [name] })).scan["scanId"]);
/** It takes part only while its agent is heard, which says so again for as long as it takes. */
const scanWhileHeard = (id: string, name: string) =>
  until(`${name} is expected`, async () => {
    await say(id, [engine(name)]);
    return (await known(name))?.available ? scanOf(name).catch(() => undefined) : undefined;
  });
const resultOf = async (scan: number) =>
  (await stage.db.selectFrom("results").select("state").where("scan_id", "=", scan).execute())[0]?.state;

it("a new engine that has given no result is expected only while an agent that has it is heard", async () => {
  const scan = await scanWhileHeard("passes", "Passing");
  await until("it is not waited for", async () => (await shown(gateway.url, scan)).endDate !== null);
  expect(await resultOf(scan)).toBe("NO_AGENT");
  expect((await known("Passing"))?.available).toBe(false);
});

it("an engine that has given a result is expected for a while after that, and waited for", async () => {
  await agent.answer("Working", { scan: await scanWhileHeard("works", "Working"), verdict: "CLEAN" });
  await until("its result is noted", async () => (await known("Working"))?.answered);
  await until("its agent is gone", () => heard("works") === undefined);
  expect((await known("Working"))?.available).toBe(true);
  const scan = await scanOf("Working");
  await gateway.context.fleet.recordPresence();
  expect(await resultOf(scan)).toBe("QUEUED");
});

it("what waits for a new engine goes on while its agent is there, whatever the clock of Postgres says", async () => {
  const scan = await scanOf("Stays");
  await stage.db
    .updateTable("engines")
    .set({ expected_until: new Date(0) })
    .where("name", "=", "Stays")
    .execute();
  await closeUnserved(gateway.context, createRowBatches(UNSERVED_BATCH, gateway.context.log, "scan"));
  expect(await resultOf(scan)).toBe("QUEUED");
  await agent.announce();
  await until("it is expected again", async () => (await known("Stays"))?.available);
});

it("agents bring no more engines than the catalogue may have; more are shown as refused until one is removed", async () => {
  const warned = vi.spyOn(gateway.context.log, "warn");
  const told = () => warned.mock.calls.filter(([, text]) => String(text).startsWith("the catalogue is full"));
  const many = ["New1", "New2", "New3"].map((name) => engine(name));
  await say("many", many, 60_000);
  await until("one is taken", async () => (await names()).includes("New1"));
  await say("many", many, 60_000);
  await gateway.context.fleet.recordPresence();
  expect(await names()).toEqual(["New1", "Passing", "Stays", "Working"]);
  expect(heard("many")?.engines.map(({ name, healthy, cause }) => [name, healthy, cause ?? null])).toEqual([
    ["New1", true, null],
    ["New2", false, "REFUSED"],
    ["New3", false, "REFUSED"],
  ]);
  expect(heard("many")?.engines[1]?.reason).toMatch(
    /^the mesh takes no new engine: agents have brought 4, .*SCANMESH_ENGINES_MAX/,
  );
  expect(gateway.context.fleet.staleRefusals()).toContainEqual(expect.objectContaining({ agent: "many", engine: "New2" }));
  expect(await gateway.context.bus.account("isolated").durableState("New2")).toBeUndefined();
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).not.toMatch(/New2|New3/);
  await say("many", many, 60_000);
  await gateway.context.fleet.recordPresence();
  expect(told()).toHaveLength(1);

  const removal = 'mutation { removeEngine(name: "Passing") { __typename } }';
  expect(await data(gateway.url, removal)).toEqual({ removeEngine: { __typename: "RemoveEngineSuccess" } });
  await say("many", many, 60_000);
  await until("another is taken", async () => (await names()).includes("New2"));
  expect(await names()).not.toContain("New3");
});
