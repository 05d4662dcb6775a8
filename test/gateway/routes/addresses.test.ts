import { describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_PUBLIC_URL: "https://scan.example.org/mesh/" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

describe("a mesh below a path", () => {
  it.each(["/", "/api"])("has no address in %s that leaves the path", async (page) => {
    const { text } = await ask(`${gateway.url}${page}`);
    expect(text.match(/(?:href|src)="\/[^"]*"|fetch\(["`]\/[^"`]*/g)).toBeNull();
  });

  it("has the path in the addresses of OpenAPI, and in the link to a list's next page", async () => {
    expect(JSON.parse((await ask(`${gateway.url}/api/openapi.json`)).text)).toMatchObject({
      servers: [{ url: "https://scan.example.org/mesh" }],
    });
    for (const text of ["a", "b"]) {
      const body = new FormData();
      body.set("file_upload", new File([text], text));
      body.set("minspeed", "3");
      expect((await fetch(`${gateway.url}/api/v1/sample`, { method: "POST", body })).status).toBe(200);
    }
    const { headers } = await ask(`${gateway.url}/api/v1/sample?limit=1`);
    expect(headers["link"]).toMatch(/^<https:\/\/scan\.example\.org\/mesh\/api\/v1\/sample\?/);
  });

  it("has the path in its upload URLs", async () => {
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url } }",
    );
    expect(createUpload.url).toBe(`https://scan.example.org/mesh/upload/${createUpload.id}`);
  });
});

it("an event stream tells nginx not to hold it back", async () => {
  const query = encodeURIComponent("{ engines { name } }");
  const { headers } = await ask(`${gateway.url}/graphql/stream?query=${query}`, { headers: { accept: "text/event-stream" } });
  expect(headers["x-accel-buffering"]).toBe("no");
});
