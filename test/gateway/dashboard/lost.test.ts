/** A page whose connection breaks, or whose questions are not answered. */

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, sha256, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);
const open = useBrowser();

/** Loads the page again, and waits for what it shows. The answer breaks its connection, and does something before it can be opened again. */
async function withBreakable(page: Page, shown: string): Promise<(meanwhile: () => Promise<unknown>) => Promise<void>> {
  let close: (() => Promise<void>) | undefined;
  let reopen = Promise.resolve<unknown>(undefined);
  await page.routeWebSocket("**/graphql", async (socket) => {
    await reopen;
    const server = socket.connectToServer();
    server.onMessage((message) => {
      socket.send(message);
      // A feed that has told nothing yet has nowhere to continue.
      if (String(message).includes('"cursor"')) close = () => socket.close({ code: 1012 });
    });
  });
  await page.reload();
  await page.getByText(shown).first().waitFor();
  return async (meanwhile) => {
    await expect.poll(() => close).toBeDefined();
    let mayReopen = () => {};
    reopen = new Promise<void>((resolve) => (mayReopen = resolve));
    await close?.();
    await page.getByText("The connection is lost").waitFor();
    await meanwhile();
    mayReopen();
    await page.getByText("The connection is lost").waitFor({ state: "detached" });
  };
}

it("what happened while the connection was lost shows once it is open again, and so does a new version", async () => {
  const { page } = await open(gateway.url);
  const breakFor = await withBreakable(page, "Latest scans");
  await breakFor(async () => {
    await submit(gateway.url, { base64: base64("meanwhile"), name: "meanwhile.bin" });
    await page.route("**/graphql", async (route) => {
      if (!route.request().postData()?.includes("viewer")) return route.fallback();
      const answer = await route.fetch();
      const { data } = (await answer.json()) as { data: { viewer: object } };
      return route.fulfill({ response: answer, json: { data: { viewer: { ...data.viewer, version: "99.0.0" } } } });
    });
  });
  await page.getByRole("row", { name: /meanwhile\.bin/ }).waitFor();
  await page.getByText("The gateway has another version than this page.").waitFor();
  expect(await page.getByRole("row", { name: /meanwhile\.bin/ }).count()).toBe(1);
});

it("scans that come while the connection is lost are counted in lists and told by their sample afterwards", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("gap"), name: "gap-1" });
  const { page, faults } = await open(gateway.url, "/#/scans?name=gap-*");
  const breakFor = await withBreakable(page, "gap-1");
  await breakFor(() => submit(gateway.url, { base64: base64("gap"), name: "gap-2" }));
  await page.getByRole("button", { name: "1 new", exact: true }).waitFor();
  await page.evaluate(`location.hash = "#/sample/${sha256("gap")}"`);
  await page.getByRole("link", { name: `Scan ${scan.scanId}`, exact: true }).waitFor();
  let third = 0;
  await breakFor(async () => {
    third = (await submit(gateway.url, { base64: base64("gap"), name: "gap-3" })).scan.scanId;
  });
  await page.getByRole("link", { name: `Scan ${third}`, exact: true }).waitFor();
  expect(faults).toEqual([]);
});

it("a list that cannot be read is not said to be empty", async () => {
  const { page } = await open(gateway.url);
  await page.route("**/graphql", (route) => {
    const isUnread = /query LatestScans\b/.test(route.request().postData() ?? "");
    return isUnread ? route.fulfill({ status: 500, body: "" }) : route.fallback();
  });
  await page.routeWebSocket("**/graphql", (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { id, payload } = JSON.parse(String(message)) as { id?: string; payload?: { query?: string } };
      if (!payload?.query?.includes("goneAgentsUpdated")) return server.send(message);
      socket.send(JSON.stringify({ id, type: "error", payload: [{ message: "Postgres is away" }] }));
    });
  });
  await page.reload();
  await page.getByText("The latest scans could not be read.").waitFor();
  expect(await page.getByText("No antivirus engine takes part").count()).toBe(0);
  expect(await page.getByText("Nothing was scanned yet").count()).toBe(0);
  await page.getByRole("link", { name: "Fleet" }).click();
  await page.getByText("When agents were heard, and which are gone, could not be read.").waitFor();
});

it("a page whose files were replaced is loaded again once, and then says what to do", async () => {
  const { page } = await open(gateway.url);
  await page.getByText("Latest scans").first().waitFor();
  let asked = 0;
  await page.route("**/assets/fleet-*.js", (route) => (asked++, route.fulfill({ status: 404, body: "" })));
  await page.getByRole("link", { name: "Fleet", exact: true }).click();
  await page.getByText("if that does not help, restart the gateway").waitFor();
  expect(await page.getByText("dynamically imported").count()).toBe(0);
  expect(asked).toBe(2);
});
