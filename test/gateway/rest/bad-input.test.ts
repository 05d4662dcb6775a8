/** What must be refused: no 5xx, no stack trace, nothing stored, nothing logged as an error. */

import { connect } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { BAD_REQUESTS } from "./bad-requests.js";
import { BAD_UPLOADS } from "./bad-uploads.js";
import { json, stored } from "./rest-client.js";
import { loggedErrors } from "../logged-errors.js";

let before: Awaited<ReturnType<typeof stored>>;

const stage = useStage();
const gateway = prepared(() => stage.gatewayProcess({ SCANMESH_BASE64_LIMIT: "64KiB", SCANMESH_UPLOAD_LIMIT: "1MiB" }));
usePuppet(stage, "puppet", [engine("ClamAV"), engine("FileInfo", { type: "METADATA" })]);

beforeAll(async () => {
  await ask(`${gateway.url}/api/v1/sample`, { method: "POST", body: json() });
  before = await stored(stage);
});

const CASES = [...BAD_UPLOADS, ...BAD_REQUESTS];

it("has 150 requests and more", () => expect(CASES.length).toBeGreaterThanOrEqual(150));

describe("a bad request", () => {
  it.each(CASES)("$what: $path is answered $status", async ({ method = "GET", path, type, body, status, error }) => {
    const answer = await ask(`${gateway.url}${path}`, {
      method,
      body,
      headers: type === undefined ? {} : { "content-type": type },
    });
    expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status });
    expect(answer.headers["content-type"]).toBe("application/json");
    const { error: said, ...rest } = answer.json();
    expect(rest).toEqual({});
    expect(said).toEqual(
      error === undefined ? expect.any(String) : error instanceof RegExp ? expect.stringMatching(error) : error,
    );
    expect(answer.text).not.toMatch(/\bat .*\.(js|ts):\d|node_modules|select |insert /);
    expect(await stored(stage)).toEqual(before);
  });

  it.each([
    ["a body shorter than it says", "POST /api/v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"],
    ["a chunk of no length", "POST /api/v1/sample HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ["two lengths", "POST /api/v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"],
    [
      "a length and chunks",
      "POST /api/v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["no Host", "GET /api/v1/sample HTTP/1.1\r\n\r\n"],
    ["a header without end", `GET /api/v1/sample HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(70_000)}`],
    ["a path with a control character", "GET /api/v1/sample/\u0001 HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ])("%s ends the connection without an answer of 2xx or 5xx", async (_, bytes) => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
      let text = "";
      socket.on("data", (part) => (text += part.toString("latin1"))).on("error", () => {});
      socket.once("close", () => resolve(text));
      socket.end(bytes, "latin1");
    });
    expect(answer).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
    expect(await stored(stage)).toEqual(before);
  });
});

describe("a form that does not say how long it is", () => {
  const parts = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `--b\r\nContent-Disposition: form-data; name="t${i}"\r\n\r\n${"x".repeat(60_000)}\r\n`,
    );

  it.each([
    ["/api/report", 18, 1_048_576],
    ["/api/search", 18, 1_048_576],
    ["/api/v1/sample", 36, 2_097_152],
    ["/api/upload", 36, 2_097_152],
  ])("is read as far as %s may have", async (path, count, limit) => {
    const answer = await ask(`${gateway.url}${path}`, {
      method: "POST",
      body: `${parts(count).join("")}--b--\r\n`,
      headers: { "content-type": "multipart/form-data; boundary=b", "transfer-encoding": "chunked" },
    });
    expect([answer.status, answer.json()]).toEqual([413, { error: `the body is too large: ${limit} bytes are the most` }]);
    expect(await stored(stage)).toEqual(before);
  });
});

describe("path tricks in names", () => {
  it.each([
    "../../etc/passwd",
    "..\\..\\win.ini",
    "/etc/passwd",
    "C:\\x.exe",
    "a/b/c",
    "<script>alert(1)</script>",
    "a'); drop table scans; --",
    "$(reboot)",
    "ünï\u202Egnp.exe",
    "%00%n%s",
    "-rf",
    "",
  ])("%j is a name and nothing else", async (name) => {
    const answer = await ask(`${gateway.url}/api/v1/sample`, { method: "POST", body: json({ sample_name: name }) });
    expect(answer.json()).toMatchObject({ file: { name } });
    const { id } = answer.json<{ id: number }>();
    expect((await ask(`${gateway.url}/api/v1/sample/${id}`)).json()).toMatchObject({ name });
    before = await stored(stage);
  });
});

it("none of this was an error of the gateway", () => {
  expect(loggedErrors(gateway.log())).toEqual([]);
});
