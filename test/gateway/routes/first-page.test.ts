import { describe, expect, it } from "vitest";
import { visibleText } from "../../../schema/visible-text.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_PUBLIC_URL: "https://scan.example.org/mesh/" }));

describe("a mesh below a path", () => {
  it.each(["/", "/page.js", "/api"])("has no address in %s that leaves the path", async (page) => {
    const { text } = await ask(`${gateway.url}${page}`);
    expect(text.match(/(?:href|src)="\/[^"]*"|fetch\(["`]\/[^"`]*/g)).toBeNull();
  });

  it("has the path in its upload URLs", async () => {
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url } }",
    );
    expect(createUpload.url).toBe(`https://scan.example.org/mesh/upload/${createUpload.id}`);
  });
});

it("the page shows texts by the function of the command line", async () => {
  const { text, headers } = await ask(`${gateway.url}/visible-text.js`);
  expect(headers["content-type"]).toMatch(/^text\/javascript/);
  const served = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { visibleText: typeof visibleText };
  const hostile = "rlo-\u202efdp\u200b.exe\u2028 😀 ❤️ 👩🏽‍💻 \u{e0041}\u001b[2J";
  expect(served.visibleText(hostile)).toBe(visibleText(hostile));
});

it("an event stream tells nginx not to hold it back", async () => {
  const query = encodeURIComponent("{ engines { name } }");
  const { headers } = await ask(`${gateway.url}/graphql/stream?query=${query}`, { headers: { accept: "text/event-stream" } });
  expect(headers["x-accel-buffering"]).toBe("no");
});
