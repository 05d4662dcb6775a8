import { expect, it } from "vitest";
import { readAgentSettings } from "../../../gateway/db/agent-settings.js";
import { markCloned } from "../../../gateway/db/agent-keys.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { codeOf, joinHost, newHost } from "../join/host.js";
import { keyWith } from "../keys/keyed-client.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const open = useBrowser();

it("a line is made, hosts arrive by it, it says why others do not, and one that is installed anew is accepted", async () => {
  const admin = await keyWith(gateway, ["admin", "scan:read"]);
  const { page, faults } = await open(gateway.url, "/#/fleet", { key: admin, viewport: { width: 390, height: 800 } });
  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByRole("link", { name: "Add a host" }).first().click();
  await page.getByText("an address that means the own machine everywhere").waitFor();
  await page.getByLabel("Agents that may join").fill("2");
  await page.getByLabel("Names that they may take").fill("rack-*");
  await page.getByRole("button", { name: "Make the line" }).click();
  const lines = page.getByRole("group", { name: "The line to run on the host" });
  const line = (await lines.locator("code").first().textContent()) ?? "";
  expect(line).toMatch(/^npm run agent -- join smj1_[\w-]+$/);
  await page.locator("[role=group]:focus").waitFor();
  const token = line.split(" ").at(-1) ?? "";
  const named = (agent: string) => newHost(stage, { SCANMESH_AGENT_ID: agent });

  const arrival = page.getByRole("region", { name: "Hosts that join by this line" });
  await arrival.getByText("Waiting for a host").waitFor();
  expect(await codeOf(joinHost(named("lab-1"), token))).toBe("NAME_NOT_ALLOWED");
  await arrival.getByText("The join token does not allow this agent's name").first().waitFor();
  await joinHost(named("rack-1"), token);
  await arrival.getByText("has joined, and is starting").first().waitFor();
  const puppet = await startPuppet(stage, "rack-1", [engine("Alpha"), engine("Beta", { healthy: false, reason: "no rules" })]);
  await arrival.getByText("takes work: 1 of 2 engines are ready").first().waitFor();
  await arrival.getByText("Beta: no rules").waitFor();

  const anew = joinHost(named("rack-1"), token);
  await arrival.getByRole("button", { name: "Accept rack-1" }).click();
  await anew;
  await arrival.getByText("As many as the token allows have joined.").waitFor();
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await page.reload();
  await arrival.getByText("takes work: 1 of 2 engines are ready").first().waitFor();
  expect(await page.getByText(token).count()).toBe(0);

  await markCloned(stage.db, "rack-1");
  await page.goto(`${gateway.url}/#/fleet`);
  await page.getByText("A second agent ran with the key of rack-1").waitFor();
  const keys = page.getByRole("region", { name: "Hosts that have joined" });
  await keys.getByText("in use, copied").waitFor();
  await keys.getByRole("button", { name: "Revoke rack-1" }).click();
  await keys.getByRole("button", { name: "Show revoked keys, too" }).click();
  await keys.getByText("revoked").nth(1).waitFor();
  await keys.getByRole("button", { name: "Revoke rack-1" }).waitFor({ state: "detached" });
  await puppet.leave();
  await puppet.close();
  expect(faults).toEqual([]);
});

it("tokens are listed without their texts and revoked, and a key that may not make them is told which scope it lacks", async () => {
  const { page } = await open(gateway.url, "/#/fleet/add", { key: await keyWith(gateway, ["admin"]) });
  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByLabel("Address of a gateway, as the host reaches it").fill("ftp://scan.example.org");
  await page.getByRole("button", { name: "Make the line" }).click();
  await page
    .getByRole("alert")
    .getByText(/gateway: needs an address such as/)
    .waitFor();
  await page.getByLabel("Address of a gateway, as the host reaches it").fill("https://scan.example.org");
  await page.getByRole("radio", { name: /internet/ }).check();
  await page.getByRole("button", { name: "Make the line" }).click();
  const row = page.getByRole("region", { name: "Join tokens that can be used" }).getByRole("row", { name: /internet/ });
  await row.getByText("0 of 1").waitFor();
  await row.getByRole("button", { name: /^Revoke/ }).click();
  await row.waitFor({ state: "detached" });
  await page.getByText("The token was revoked: nobody joins by it any more.").waitFor();
  const reader = await open(gateway.url, "/#/fleet/add", { key: await keyWith(gateway, ["fleet:write", "scan:read"]) });
  await reader.page.getByText("Your API key lacks the scope ADMIN").waitFor();
  expect(await reader.page.getByRole("button", { name: "Make the line" }).count()).toBe(0);
});

it("slots and limits are set, what the agent cannot apply is told, and agents are restarted", async () => {
  const limits = { slots: 1, timeoutMs: 60_000, memory: null, cpus: null };
  const own = engine("Alpha", { limits, own: limits });
  const machine = { cores: 4, memory: 8 * 1024 ** 3 };
  const puppet = await startPuppet(stage, "rack-9", [own]);
  const say = (revision: number, problems: string[]) =>
    puppet.announce([{ slots: 4, limits: { ...limits, slots: 4 } }], { machine, settings: { revision, problems } });
  await say(0, []);
  const key = await keyWith(gateway, ["fleet:write", "scan:read"]);
  const { page, faults } = await open(gateway.url, "/#/fleet", { key, viewport: { width: 390, height: 800 } });
  page.on("dialog", (dialog) => void dialog.accept());
  const card = page.getByRole("region", { name: "rack-9" });
  await card.getByText("Slots and limits").click();
  await card.getByText("4 processors").waitFor();
  await card.getByRole("spinbutton", { name: "Slots of Alpha" }).fill("1000");
  await card.getByRole("button", { name: "Save the settings of rack-9" }).click();
  await card.getByText("must be from 1 to 256").waitFor();
  await card.getByRole("spinbutton", { name: "Slots of Alpha" }).fill("4");
  await card.getByRole("button", { name: "Save the settings of rack-9" }).click();
  await card.getByText("The agent has not applied the settings yet.").waitFor();
  const [set] = await readAgentSettings(stage.db);
  expect(set).toMatchObject({ agent: "rack-9", engines: [{ engine: "Alpha", slots: 4 }] });
  await say(set?.revision ?? 0, ["Alpha: there is no such way"]);
  await card.getByText("Alpha: there is no such way").waitFor();
  await card.getByText("4 slots · 1 min").waitFor();
  await card.getByText("not applied").waitFor({ state: "detached" });
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  await page.getByRole("button", { name: "Restart all agents" }).click();
  await page.getByText("Restarting rack-9: 0 of 1 agents are back.").first().waitFor();
  await until("it is asked", async () => {
    const asked = stage.db.selectFrom("rolling_restarts").select("asked_at").orderBy("id", "desc");
    return (await asked.executeTakeFirst())?.asked_at;
  });
  // As of another process: it was started now.
  await say(set?.revision ?? 0, []);
  await page.getByText("One agent was restarted").waitFor();
  await page.getByRole("button", { name: "Restart all agents" }).click();
  await page.getByRole("button", { name: "Restart no further agent" }).click();
  await page.getByText("The restart was stopped after 0 of 1 agents").waitFor();
  await puppet.leave();
  await puppet.close();
  expect(faults).toEqual([]);
});
