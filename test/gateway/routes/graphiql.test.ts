/** GraphiQL in a real browser that reaches nothing but the gateway. */

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { EXAMPLES } from "../../../gateway/graphiql/examples.js";
import { openCaller } from "../../../gateway/caller.js";
import { createOperationCheck } from "../../../gateway/graphql/limits/checks.js";
import { createDocuments, isRefused } from "../../../gateway/graphql/limits/documents.js";
import { createSchema } from "../../../gateway/graphql/schema.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { useBrowser, type Opened } from "../dashboard/browser.js";
import { ask } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);

const openPage = useBrowser();

async function open(): Promise<Opened> {
  const opened = await openPage(gateway.url, "/graphiql");
  for (const editor of ["query-editor", "response"])
    await opened.page.locator(`.graphiql-${editor} .monaco-editor`).first().waitFor();
  return opened;
}

const execute = (page: Page) => page.locator(".graphiql-execute-button").click();
/** Both clicks before GraphiQL has had time to read its editor. */
const executeTab = (page: Page, number: number) =>
  page.evaluate(`document.querySelectorAll(".graphiql-tab-button")[${number}].click();
    document.querySelector(".graphiql-execute-button").click();`);
/** Waits until the answer shows a text; Monaco writes spaces that do not break. */
const shows = (page: Page, text: string) =>
  until(`GraphiQL shows ${text}`, async () => {
    const answer = await page.locator(".graphiql-response").textContent();
    return answer?.replaceAll("\u00a0", " ").includes(text);
  });

describe("GraphiQL", () => {
  it("runs a mutation and follows a subscription, with nothing from anywhere else", async () => {
    const { page, faults } = await open();
    await execute(page);
    await shows(page, '"scanId": 1');
    await executeTab(page, 1);
    await shows(page, '"state": "QUEUED"');
    const { ack } = await agent.take("Alpha");
    await agent.answer("Alpha", { scan: 1, verdict: "INFECTED", signature: "Eicar" });
    ack();
    await shows(page, '"verdict": "INFECTED"');
    expect(faults).toEqual([]);
  });

  it("completes by the schema, which it reads itself", async () => {
    const { page, faults } = await open();
    await page.locator('[aria-label="Show Documentation Explorer"]').click();
    await page.getByText("A GraphQL schema provides a root type").waitFor();
    await page.locator(".graphiql-plugin").getByText("Subscription", { exact: true }).first().click();
    await page.locator(".graphiql-plugin").getByText("scanUpdated").first().waitFor();
    expect(faults).toEqual([]);
  });

  it("is served with headers that allow nothing inline but styles, and cannot be framed", async () => {
    expect((await ask(`${gateway.url}/graphiql`)).headers["location"]).toBe("graphiql/");
    const { headers, text } = await ask(`${gateway.url}/graphiql/`);
    expect(headers["content-security-policy"]).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'",
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(text).not.toMatch(/<script(?![^>]* src=)/);
    const [, asset = ""] = /src="\.(\/assets\/[^"]+\.js)"/.exec(text) ?? [];
    expect((await ask(`${gateway.url}/graphiql${asset}`)).headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
    });
    for (const name of ["x.js", "..%2findex.html", "..%2f..%2fdashboard%2findex.html"]) {
      expect((await ask(`${gateway.url}/graphiql/assets/${name}`)).status).toBe(404);
    }
  });
});

describe("its examples", () => {
  const documents = createDocuments(createSchema(), true);
  const check = createOperationCheck(createSchema());

  it.each(
    EXAMPLES.map(({ query, variables }) => [/(\w+)[^\w]*[({].*\{|(\w+) \{/.exec(query)?.[0] ?? query, query, variables] as const),
  )("%s is right", (_, query, variables) => {
    const document = documents(query);
    expect(document).not.toBeInstanceOf(Array);
    if (isRefused(document)) return;
    const given = JSON.parse(variables ?? "{}") as Record<string, unknown>;
    expect(check({ document, variables: given }, openCaller("127.0.0.1", "test"))).toEqual([]);
  });
});
