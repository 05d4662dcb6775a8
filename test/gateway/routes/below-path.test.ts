/** The pages below a proxy's path, in a real browser. */

import { describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { documentedConfig, hasNginx, startNginx } from "../../stage/nginx.js";
import { faultOf, PATIENCE_MS, sharedChromium } from "../../stage/chromium.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

describe.skipIf(!hasNginx)("below a path", () => {
  const stage = useStage();
  const gateway = prepared(() => stage.gateway());
  usePuppet(stage, "puppet", [engine("Alpha")]);
  const nginx = prepared(
    () => startNginx(documentedConfig().below, gateway.url),
    (made) => made.stop(),
  );
  const browser = prepared(sharedChromium);

  it.each(["/mesh/", "/mesh/api", "/mesh/graphiql", "/mesh/graphiql/"])("%s asks for nothing that is not there", async (path) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const faults: string[] = [];
    page.on("response", (response) => {
      if (response.status() >= 400 || !new URL(response.url()).pathname.startsWith("/mesh/"))
        faults.push(`${response.status()} ${response.url()}`);
    });
    page.on("console", (message) => {
      const fault = faultOf(message);
      if (fault !== undefined) faults.push(fault);
    });
    page.on("websocket", (socket) => {
      if (!socket.url().startsWith(`${nginx.url.replace("http", "ws")}/mesh/`)) faults.push(socket.url());
    });
    await page.goto(nginx.url + path);
    if (path === "/mesh/") {
      await page.getByRole("link", { name: "Engines" }).click();
      await page.getByRole("heading", { name: "Alpha" }).waitFor();
      await page.getByRole("link", { name: "Home" }).click();
      const given = { name: "below.txt", mimeType: "", buffer: Buffer.from("below a path") };
      await page.locator("input[type=file]").first().setInputFiles(given);
      await page.getByRole("heading", { name: "below.txt" }).waitFor();
      const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^CSV/ }).click()]);
      expect(csv.suggestedFilename()).toMatch(/\.csv$/);
    }
    if (path.startsWith("/mesh/graphiql")) {
      await page.locator(".graphiql-query-editor .monaco-editor").first().waitFor();
      await page.locator(".graphiql-execute-button").click();
      await until("GraphiQL shows the answer", async () =>
        (await page.locator(".graphiql-response").textContent())?.replaceAll("\u00a0", " ").includes('"scanId": '),
      );
    }
    const links = await page.evaluate<string[]>("[...document.querySelectorAll('a[href]')].map((link) => link.href)");
    const own = links.filter((link) => link.startsWith(nginx.url));
    expect(own.filter((link) => !link.startsWith(`${nginx.url}/mesh/`))).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });
});
