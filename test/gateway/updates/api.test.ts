import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createClient } from "graphql-ws";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { EnginesBundles } from "../../../schema/bundle-presence.js";
import { Control } from "../../../schema/control.js";
import { parseMessage } from "../../../schema/messages.js";
import { projectPath } from "../../../schema/paths.js";
import { controlSubject } from "../../../schema/subjects.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until, type LocalGateway } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";

const stage = useStage();
let gateway: LocalGateway;
let host: PuppetAgent;
const NOTHING: EnginesBundles = { serving: [], target: null, state: "SERVING", reason: null, bytes: 0, total: 0, since: null };

beforeAll(async () => {
  gateway = await stage.gateway({ SCANMESH_CANARY_WAIT: "1ms" });
  host = await startPuppet(stage, "host", [engine("Alpha", { bundles: NOTHING }), engine("Beta")]);
  // It serves what it is told, unless it is told of the bundle that is bad.
  host.nc.subscribe(controlSubject("host"), {
    callback: (_, message) => {
      const control = parseMessage(Control, message.data);
      if (control.kind !== "serve") return;
      const isBad = control.bundles.some(({ digest }) => digest === bad);
      const isSlow = control.bundles.some(({ digest }) => digest === slow);
      const said = { ...NOTHING, target: control.bundles, serving: isBad || isSlow ? [] : control.bundles };
      const failed = isBad ? ({ state: "FAILED", reason: "EICAR is not found" } as const) : {};
      const state = isSlow ? ({ state: "FETCHING" } as const) : failed;
      void host.announce([{ bundles: { ...said, ...state } }, {}]);
    },
  });
  await host.nc.flush();
});
afterAll(() => host.close());

let bad = "";
let slow = "";
let sequence = 0;

async function publish(): Promise<string> {
  sequence += 1;
  const { id } = await stage.db.selectFrom("engines").select("id").where("name", "=", "Alpha").executeTakeFirstOrThrow();
  const digest = (randomUUID() + randomUUID()).replaceAll("-", "");
  const row = { engine_id: id, set_name: "main", sequence, kind: "FILES" as const, digest, signature: Buffer.from("s") };
  await stage.db
    .insertInto("bundles")
    .values({ ...row, version: `v${sequence}`, size: 100, source: "a test" })
    .execute();
  return digest;
}

interface Answer {
  readonly __typename: string;
  readonly updates?: { id: string; state: string }[];
  readonly refused?: { refusal: string; engine: string }[];
  readonly update?: { state: string; cause: string };
}

const SUCCESS = {
  updateEngines: "... on UpdateEnginesSuccess { updates { id state } refused { engine refusal } }",
  pauseUpdates: "... on PauseUpdatesSuccess { engines until }",
  rollbackEngine: "... on EngineUpdateSuccess { update { state cause } }",
  skipCanary: "... on EngineUpdateSuccess { update { state cause } }",
};

async function act(verb: keyof typeof SUCCESS, args = ""): Promise<Answer> {
  const fields = `__typename ${SUCCESS[verb]} ... on UserError { path message }`;
  return (await data<{ act: Answer }>(gateway.url, `mutation { act: ${verb}${args} { ${fields} } }`)).act;
}

const LAST = `{ engineUpdates(first: 1, engine: "alpha") { nodes { state reason cause fromBundle { version } toBundle { version digest }
  hosts { agent state reason } evidence { now { answers } samples { sha256 } } } } }`;

interface Last {
  readonly state: string;
  readonly reason: string | null;
}

const ends = (state: string) =>
  until(`the update is ${state}`, async () => {
    const { engineUpdates } = await data<{ engineUpdates: { nodes: Last[] } }>(gateway.url, LAST);
    return engineUpdates.nodes[0]?.state === state ? engineUpdates.nodes[0] : undefined;
  });

/** Runs the command on this mesh's database. */
async function command(...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, [projectPath("dist", "cli", "updates.js"), ...args], {
    env: { PATH: process.env.PATH, DATABASE_URL: stage.databaseUrl, SCANMESH_HOME: "/no-mesh-here" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, output };
}

it("updates, holds the history, shows each host live, and goes back, by the API and the command", async () => {
  const client = createClient({
    url: `${gateway.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const seen: string[] = [];
  const query = `subscription { updateSetsUpdated { engine set serves { version } newest { version } policy { isPaused }
    update { state } hosts { agent state serving { version } target { version } } } }`;
  interface Sets {
    readonly updateSetsUpdated: { engine: string; hosts: { state: string; serving: { version: string } | null }[] }[];
  }
  const stop = client.subscribe<Sets>(
    { query },
    {
      next: ({ data: sets }) => {
        const [alpha] = sets?.updateSetsUpdated.filter((set) => set.engine === "Alpha") ?? [];
        for (const { state, serving } of alpha?.hosts ?? []) seen.push(`${state} ${serving?.version ?? "own"}`);
      },
      error: () => {},
      complete: () => {},
    },
  );
  await until("it shows what the host gives", () => seen.includes("BY_HOST own"));

  const first = await publish();
  expect(await act("updateEngines", `(input: { engines: ["ALPHA", "Beta"] })`)).toMatchObject({
    updates: [{ state: "PENDING" }],
    refused: [{ engine: "Beta", refusal: "NO_BUNDLE" }],
  });
  expect(await ends("DONE")).toMatchObject({
    cause: "ASKED",
    fromBundle: null,
    toBundle: { version: "v1", digest: first },
    hosts: [{ agent: "host", state: "SERVING" }],
    evidence: { now: { answers: 0 }, samples: [] },
  });
  await until("it shows the new one", () => seen.includes("SERVING v1"));

  bad = await publish();
  await act("updateEngines", `(input: { engines: ["Alpha"], skipCanary: true })`);
  expect(await ends("ROLLED_BACK")).toMatchObject({
    reason: "host: EICAR is not found",
    hosts: [{ agent: "host", state: "FAILED", reason: "EICAR is not found" }],
  });
  expect((await ask(`${gateway.url}/metrics`)).text).toContain('scanmesh_update_rolled_back{engine="Alpha",set="main"} 1\n');
  await until("it serves the one before again", () => seen.at(-1) === "SERVING v1");

  await publish();
  expect(await act("pauseUpdates")).toMatchObject({ engines: ["Alpha", "Beta"], until: null });
  expect(await act("updateEngines", `(input: {})`)).toMatchObject({ updates: [], refused: [{ refusal: "PAUSED" }] });
  expect(await command("resume", "Alpha")).toEqual({ status: 0, output: "Updates of Alpha go on.\n" });
  expect((await command("list")).output).toMatch(/Alpha +main +v1 +v3 +-/);
  const started = await command("start", "Alpha");
  expect(started).toMatchObject({ status: 0 });
  expect(started.output).toContain("Alpha (main): v1 → v3 begins.");
  expect(started.output).toContain("Alpha (main): v1 → v3: done");
  expect(await command("start", "Alpha")).toEqual({ status: 1, output: "Alpha is to serve this bundle of main already.\n" });

  expect(await act("rollbackEngine", `(engine: "Alpha")`)).toMatchObject({ update: { cause: "ROLLBACK", state: "PENDING" } });
  expect(await ends("DONE")).toMatchObject({ cause: "ROLLBACK", fromBundle: { version: "v3" }, toBundle: { version: "v1" } });
  expect(await act("rollbackEngine", `(engine: "Alhpa")`)).toMatchObject({ __typename: "UnknownUpdate" });
  expect(await act("skipCanary", `(id: "9999")`)).toMatchObject({ __typename: "UnknownUpdate" });
  expect((await command("rollback", "Beta")).status).toBe(2);
  const audited = await stage.db.selectFrom("audit_events").select("action").where("subject", "=", "Alpha").execute();
  expect(new Set(audited.map(({ action }) => action))).toEqual(
    new Set(["updateEngines", "pauseUpdates", "resumeUpdates", "rollbackEngine"]),
  );
  stop();
  await client.dispose();
});

it("the command says what it waits for, need not wait, and tells by its status how it ended", async () => {
  slow = await publish();
  expect(await act("pauseUpdates", `(engines: ["Alpha"])`)).toMatchObject({ engines: ["Alpha"] });
  const engine_id = (await stage.db.selectFrom("engines").select("id").where("name", "=", "Alpha").executeTakeFirstOrThrow()).id;
  const { id: to_bundle } = await stage.db
    .selectFrom("bundles")
    .select("id")
    .where("digest", "=", slow)
    .executeTakeFirstOrThrow();
  await stage.db.insertInto("engine_updates").values({ engine_id, set_name: "main", to_bundle, cause: "ASKED" }).execute();
  await until("it says why it does not begin", async () =>
    (await command("list")).output.includes("pending, waits for its resumption: updates are paused"),
  );
  await command("resume", "Alpha");
  await ends("CANARY");
  await act("rollbackEngine", `(engine: "Alpha")`);
  const newest = await stage.db.selectFrom("bundles").select("digest").where("id", "=", to_bundle).executeTakeFirstOrThrow();
  const started = await command("start", "Alpha", "--bundle", newest.digest, "--no-wait");
  expect(started).toEqual({ status: 0, output: expect.stringMatching(/^Alpha \(main\): v\d+ → v\d+ begins\.\n$/) as string });
  await ends("CANARY");
  await act("rollbackEngine", `(engine: "Alpha")`);
  for (const [state, status, said] of [
    ["HELD", 3, "npm run updates -- skip-canary"],
    ["ROLLED_BACK", 1, "rolled_back: It differs."],
    ["CANCELLED", 1, "cancelled: It differs."],
  ] as const) {
    const ended = command("start", "Alpha", "--bundle", newest.digest);
    await ends("CANARY");
    await stage.db.updateTable("engine_updates").set({ state, reason: "It differs." }).where("state", "=", "CANARY").execute();
    expect(await ended).toMatchObject({ status, output: expect.stringContaining(said) as string });
    if (state === "HELD") await act("rollbackEngine", `(engine: "Alpha")`);
  }
});

it("an agent has an update window, which is audited", async () => {
  const set = async (agent: string, window: string) => {
    const query = `mutation { setAgentUpdateWindow(agent: "${agent}" ${window}) { __typename
      ... on UpdateAgentSettingsSuccess { agentSettings { agent windowFrom windowTo } } ... on UserError { path message } } }`;
    return (await data<{ setAgentUpdateWindow: object }>(gateway.url, query)).setAgentUpdateWindow;
  };
  expect(await set("host", "windowFrom: 1380, windowTo: 60")).toMatchObject({
    agentSettings: { agent: "host", windowFrom: 1_380, windowTo: 60 },
  });
  expect(await set("host", "windowFrom: 1380")).toMatchObject({ path: ["windowTo"] });
  expect(await set("host", "windowFrom: -1, windowTo: 60")).toMatchObject({ path: ["windowFrom"] });
  expect(await set("nobody", "")).toMatchObject({ __typename: "UnknownAgent" });
  expect(await set("host", "")).toMatchObject({ agentSettings: { windowFrom: null, windowTo: null } });
  const audited = await stage.db
    .selectFrom("audit_events")
    .select("subject")
    .where("action", "=", "setAgentUpdateWindow")
    .execute();
  expect(audited).toEqual([{ subject: "host" }, { subject: "host" }]);
});

it("takes a policy, and refuses one that cannot be", async () => {
  const set = async (fields: string) => {
    const query = `mutation { setUpdatePolicy(input: { engine: "Alpha" ${fields} }) { __typename
      ... on SetUpdatePolicySuccess { policy { automatic checkEverySeconds windowFrom windowTo switch } } ... on UserError { path } } }`;
    return (await data<{ setUpdatePolicy: object }>(gateway.url, query)).setUpdatePolicy;
  };
  expect(await set("automatic: false, windowFrom: 1380, windowTo: 60, switch: IN_TURN")).toMatchObject({
    policy: { automatic: false, checkEverySeconds: 43_200, windowFrom: 1_380, windowTo: 60, switch: "IN_TURN" },
  });
  expect(await set("checkEverySeconds: 7200, windowFrom: null, windowTo: null")).toMatchObject({
    policy: { automatic: false, checkEverySeconds: 7_200, windowFrom: null },
  });
  expect(await set("checkEverySeconds: 1")).toMatchObject({ path: ["input", "checkEverySeconds"] });
  expect(await set("windowFrom: 5")).toMatchObject({ path: ["input", "windowTo"] });
  expect(await set("windowFrom: 5, windowTo: 1440")).toMatchObject({ path: ["input", "windowTo"] });
});
