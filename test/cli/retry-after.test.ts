import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readRetryAfter } from "../../cli/retry-after.js";
import { createApiKey } from "../../gateway/scan/api-keys.js";
import { openCaller } from "../../gateway/caller.js";
import { engine } from "../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";
import { answerJson, startPuppetGateway } from "./puppet-gateway.js";
import { startScan } from "./run-scan.js";

const folder = mkdtempSync(join(tmpdir(), "scanmesh-later-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("an answer that says when to try again", () => {
  const REFUSALS = [
    [429, { errors: [{ message: "too many" }] }],
    [503, { error: "the bus is away" }],
  ] as const;

  // At the same time: each waits for two seconds.
  it.concurrent.each(["GET", "CreateUpload", "PUT", "Submit"])("is waited for: %s", async (hit) => {
    const bad = file(`${hit}.exe`, "bad");
    const isWaitedFor = async ([status, body]: (typeof REFUSALS)[number]) => {
      let refusals = 0;
      const gateway = await startPuppetGateway(({ what, response }) => {
        const name = what.startsWith("POST") ? "GET" : (what.split(" ")[0] ?? "");
        if (name !== hit || refusals === 2) return false;
        refusals += 1;
        return answerJson(response, body, status, { "retry-after": "1" });
      });
      const { code, stdout, stderr } = await startScan(["--url", gateway.url, bad]).ended;
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^The gateway asks to wait 1 s \(.+\); waiting\.$/m);
      expect(stdout).toContain(`${hit}.exe: INFECTED`);
      expect([code, refusals]).toEqual([1, 2]);
    };
    await Promise.all(REFUSALS.map(isWaitedFor));
  });

  it("of a proxy, with a page of its own, is waited for too", async () => {
    let isRefused = false;
    const gateway = await startPuppetGateway(({ response }) => {
      if (isRefused) return false;
      isRefused = true;
      response.writeHead(503, { "content-type": "text/html", "retry-after": "0" }).end("<html>back soon</html>");
      return true;
    });
    expect((await startScan(["--url", gateway.url, file("a.exe", "bad")]).ended).code).toBe(1);
  });

  it.each([
    [429, "7", 7],
    [503, "0", 0],
    [503, new Date(Date.now() - 60_000).toUTCString(), 0],
    [503, "301", undefined],
    [429, "soon", undefined],
    [429, null, undefined],
    [500, "7", undefined],
  ])("of %i and %j is %j", (status, header, seconds) => expect(readRetryAfter(status, header)).toBe(seconds));
});

describe("a key with a rate", () => {
  const stage = useStage();
  const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
  const agent = usePuppet(stage, "puppet", [engine("ClamAV")]);

  it("scans more files than the rate lets through, only slower", async () => {
    const { text } = await createApiKey({ db: stage.db }, openCaller("test", "request"), {
      name: "slow",
      scopes: ["admin"],
      expiresAt: undefined,
      rate: 4,
      dailyScans: undefined,
    });
    let isStopped = false;
    const answering = (async () => {
      while (!isStopped) {
        const taken = await agent.take("ClamAV", { seconds: 1 }).catch(() => undefined);
        if (!taken) continue;
        const verdict = taken.request.sample.size === 3 ? "INFECTED" : "CLEAN";
        await agent.answer("ClamAV", { scan: taken.request.scan, verdict });
        taken.ack();
      }
    })();
    const files = Array.from({ length: 5 }, (_, i) => file(`clean-${i}.txt`, `clean ${i}`));
    const { code, stdout, stderr } = await startScan(["--url", gateway.url, "--key", text, ...files, file("a.exe", "bad")]).ended;
    isStopped = true;
    await answering;
    expect(stderr).toBe("");
    expect(stdout.match(/: CLEAN \(/g)).toHaveLength(5);
    expect(stdout).toContain("a.exe: INFECTED");
    expect(stdout).toContain("waiting.");
    expect(code).toBe(1);
  });
});
