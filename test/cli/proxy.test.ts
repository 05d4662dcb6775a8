import { writeFileSync } from "node:fs";
import { createServer, request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createGatewayClient } from "../../cli/client.js";
import type { Report } from "../../cli/report.js";
import { PACE } from "../../cli/watch-transports.js";
import { engine } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";
import { data } from "../gateway/http/http-client.js";
import { documentedConfig, hasNginx, startNginx, type Nginx } from "../stage/nginx.js";
import { listen, startScan } from "./run-scan.js";
import { submitBytes } from "./submit-bytes.js";

const { server, below } = documentedConfig();
const alone = (more = "") => `server { listen 80; ${more} location / { proxy_pass http://127.0.0.1:8080; } }`;

describe.skipIf(!hasNginx)("nginx before the gateway", () => {
  const stage = useStage();
  const gateway = prepared(() => stage.gateway());
  const agent = usePuppet(stage, "puppet", [engine("ClamAV")]);
  const running: Nginx[] = [];
  afterAll(() => Promise.all(running.map((nginx) => nginx.stop())));

  async function nginxWith(http: string, upstream = gateway.url): Promise<Nginx> {
    const nginx = await startNginx(http, upstream);
    running.push(nginx);
    return nginx;
  }

  /** Answers the next request once somebody watches its scan. */
  async function detect(isWatched: () => boolean): Promise<void> {
    const taken = await agent.take("ClamAV", { seconds: 20 });
    await until("the scan is watched", isWatched);
    await agent.answer("ClamAV", { scan: taken.request.scan, verdict: "INFECTED", signature: "Win.Test" });
    taken.ack();
  }
  const isSubscribed = () => gateway.context.watchers.scans.count() === 1;

  it.each([
    ["as documented", () => server, "", []],
    ["as documented, below a path", () => below, "/mesh/", []],
    ["with proxy_pass alone", () => alone(), "", ["server-sent events"]],
    [
      "that buffers whatever it is told",
      () => alone("proxy_ignore_headers X-Accel-Buffering;"),
      "",
      ["server-sent events", "it is asked"],
    ],
  ])("%s loses no detection", async (_, config, path, notices) => {
    const nginx = await nginxWith(config());
    const told: string[] = [];
    const pace = { ...PACE, startMs: notices.length > 1 ? 300 : PACE.startMs, pollMs: [50, 100] } as const;
    const client = createGatewayClient(nginx.url + path, undefined, (line) => told.push(line), pace);
    const { signal } = new AbortController();
    const detecting = detect(() => (notices.length > 1 ? told.length === 2 : isSubscribed()));
    const scanId = await submitBytes(client, `a sample ${path} ${notices.join()}`);
    let last: Report | undefined;
    for await (const report of client.watch(scanId, signal)) last = report;
    await detecting;
    expect(last).toMatchObject({ verdict: "INFECTED", endDate: expect.any(String) });
    expect(told).toEqual(notices.map((notice) => expect.stringContaining(notice)));
  });

  it("with proxy_pass alone is told once, and the exit status is that of the verdict", async () => {
    const nginx = await nginxWith(alone());
    const path = join(stage.folder, "bad.exe");
    writeFileSync(path, "bad");
    const detecting = detect(isSubscribed);
    const { code, stdout, stderr } = await startScan(["--url", nginx.url, path]).ended;
    await detecting;
    expect(stderr).toBe("");
    expect(stdout.match(/WebSocket does not get through/g)).toHaveLength(1);
    expect(stdout).toContain("bad.exe: INFECTED");
    expect(code).toBe(1);
  });

  it("as documented hands an upload on as it comes", async () => {
    let received = 0;
    const upstream = createServer((incoming, response) => {
      incoming.on("data", (part: Buffer) => (received += part.length)).on("end", () => response.end(String(received)));
    });
    const nginx = await nginxWith(server, await listen(upstream));
    const half = Buffer.alloc(3 * 1024 * 1024);
    const upload = request(`${nginx.url}/upload/x`, { method: "PUT", headers: { "content-length": 2 * half.length } });
    const answer = new Promise<string>((resolve, reject) => {
      upload.once("error", reject).once("response", (incoming) => {
        let text = "";
        incoming.on("data", (part) => (text += part)).on("end", () => resolve(text));
      });
    });
    upload.write(half);
    await until("the gateway has what was sent", () => received === half.length);
    upload.end(half);
    expect(await answer).toBe(String(2 * half.length));
    upstream.closeAllConnections();
    upstream.close();
  });

  it("as documented leaves it to the gateway to say how large a sample may be", async () => {
    const nginx = await nginxWith(server);
    const { createUpload } = await data<{ createUpload: { id: string } }>(nginx.url, "mutation { createUpload { id } }");
    const upload = request(`${nginx.url}/upload/${createUpload.id}`, {
      method: "PUT",
      headers: { "content-length": stage.config().uploadMaxBytes + 1 },
    });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      upload.once("error", reject).once("response", resolve);
      upload.flushHeaders();
    });
    upload.destroy();
    expect(answer.statusCode).toBe(413);
    expect(answer.headers["content-type"]).toContain("json");
  });
});
