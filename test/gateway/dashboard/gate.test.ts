import { expect, it } from "vitest";
import { prepared, useStage } from "../../stage/use-stage.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const open = useBrowser();

it("a key with characters that no key has is refused, and another can be entered", async () => {
  const { page } = await open(gateway.url);
  const box = page.getByLabel("API key");
  await box.fill("sm_copied\u200b");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("This API key is not valid").waitFor();
  expect(await page.evaluate("sessionStorage.length")).toBe(0);
  expect(await box.isVisible()).toBe(true);
});

it("a new tab takes the key of one that is open", async () => {
  const { page } = await open(gateway.url);
  await page.getByLabel("API key").fill("sm_shared");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Forget the key" }).waitFor();
  const other = await page.context().newPage();
  await other.goto(gateway.url);
  await other.getByRole("button", { name: "Forget the key" }).waitFor();
  expect(await other.evaluate("sessionStorage.getItem('scanmesh-api-key')")).toBe("sm_shared");
});
