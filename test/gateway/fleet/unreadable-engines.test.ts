import { afterAll, expect, it, vi } from "vitest";
import { readEngines } from "../../../gateway/db/engines.js";
import type { EnginePresence } from "../../../schema/presence.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);

afterAll(() => vi.restoreAllMocks());

const heard = () => gateway.context.fleet.agents()[0]?.engines ?? [];
const hosts = async () =>
  (
    await stage.db.selectFrom("engine_hosts").innerJoin("engines", "id", "engine_id").select("name").orderBy("name").execute()
  ).map(({ name }) => name);
const states = async (scan: number) =>
  (await stage.db.selectFrom("results").select("state").where("scan_id", "=", scan).execute()).map(({ state }) => state);
const announce = (beta: unknown[]) => agent.announce([], { engines: [engine("Alpha"), ...beta] as EnginePresence[] });

it.each([
  [
    "of a speed that is not known here",
    { ...engine("Beta"), speed: "WARP" },
    /cannot read what the agent puppet says of it: .*speed/s,
  ],
  ["of the other class", engine("Beta", { internet: true }), /it is not of class isolated/],
])("an engine %s is unhealthy on its agent, and not taken away", async (_, entry, reason) => {
  await announce([engine("Beta")]);
  await until("both are recorded", async () => (await hosts()).length === 2);
  const { scan } = await submit(gateway.url, { base64: base64(`unreadable ${String(reason)}`) });
  await announce([entry]);
  const beta = await until("it is unhealthy", () => heard().find(({ name, healthy }) => name === "Beta" && !healthy));
  expect(beta).toMatchObject({ name: "Beta", type: "AV", speed: "ULTRA", healthy: false, reason: expect.stringMatching(reason) });
  await gateway.context.fleet.recordPresence();
  await gateway.context.fleet.recordPresence();
  expect(await hosts()).toEqual(["Alpha", "Beta"]);
  expect(await states(Number(scan["scanId"]))).toEqual(["QUEUED", "QUEUED"]);
});

it("is given up as any engine that its agents cannot run", async () => {
  const later = performance.now() + 31_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  const unhealthy = await until("it is given up", async () => {
    await gateway.context.fleet.recordPresence();
    return (await readEngines(stage.db)).find(({ name }) => name === "Beta")?.unhealthy;
  });
  expect(unhealthy).toMatch(/cannot read/);
  vi.restoreAllMocks();
});

it("an agent whose entry has no name that can be read keeps what it does not name", async () => {
  await announce([{ name: 7 }]);
  await until("Beta is not named", () => heard().length === 1);
  await gateway.context.fleet.recordPresence();
  await gateway.context.fleet.recordPresence();
  expect(await hosts()).toEqual(["Alpha", "Beta"]);
  await announce([]);
  await until("Beta is taken away", async () => (await hosts()).length === 1);
});
