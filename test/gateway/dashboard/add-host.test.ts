import { expect, it } from "vitest";
import { markCloned } from "../../../gateway/db/agent-keys.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
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
  expect(await page.locator("[role=group]:focus").count()).toBe(1);
  const token = line.split(" ").at(-1) ?? "";
  const named = (agent: string) => newHost(stage, { SCANMESH_AGENT_ID: agent });

  const arrival = page.getByRole("region", { name: "What comes of it" });
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
  expect(await keys.getByRole("button", { name: "Revoke rack-1" }).count()).toBe(0);
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
