import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  agentOfResult,
  agentResultSubject,
  scanSubjects,
  blobOfChunk,
  chunkSubject,
  engineOfResult,
  resultSubject,
} from "../../schema/subjects.js";
import { Manifest } from "../../schema/manifest.js";
import { encodeMessage, parseMessage, ResultMessage, type ResultMessage as Result } from "../../schema/messages.js";
import { ConfigError, duration, integer, readSettings, size, sizeText, anyText } from "../../schema/settings.js";
import { bundleStream, presenceBucket, reservedBytes, streams } from "../../schema/streams.js";

describe("subjects", () => {
  it("are four of each class for requests", () => {
    expect(scanSubjects("isolated")).toEqual([
      "scan.ultra.isolated",
      "scan.fast.isolated",
      "scan.medium.isolated",
      "scan.slow.isolated",
    ]);
  });

  it("name a chunk's blob and a result's engine, and nothing else", () => {
    expect(blobOfChunk(chunkSubject("b-1", 3))).toBe("b-1");
    expect(["sample.b", "sample.b.1.2", "scan.b.1"].map(blobOfChunk)).toEqual([undefined, undefined, undefined]);
    expect(engineOfResult(resultSubject("ClamAV"))).toBe("clamav");
    expect(engineOfResult(agentResultSubject("ClamAV", "rack-2"))).toBe("clamav");
    expect(["result.a.b.c", "scan.a"].map(engineOfResult)).toEqual([undefined, undefined]);
    expect([agentResultSubject("ClamAV", "rack-2"), resultSubject("ClamAV"), "scan.a.b"].map(agentOfResult)).toEqual([
      "rack-2",
      undefined,
      undefined,
    ]);
  });
});

describe("streams", () => {
  it.each([-1, 7])("reserve what is told of them, with samplesMaxBytes %i", (samplesMaxBytes) => {
    const settings = { maxDeadlineMs: 1, scansMaxBytes: 5, samplesMaxBytes, bundlesMaxBytes: 9, ackWaitMs: 1, replicas: 1 };
    const limits = (["isolated", "internet"] as const).flatMap((internet) =>
      [...streams(internet, settings), presenceBucket(settings), bundleStream(settings)].map((stream) => stream.max_bytes),
    );
    expect(reservedBytes(settings)).toBe(limits.filter((limit) => limit > 0).reduce((sum, limit) => sum + limit));
  });
});

it("sizes are told in the unit that fits", () => {
  expect([0, 1_023, 1_536, 4 * 1024 ** 3].map(sizeText)).toEqual(["0 bytes", "1023 bytes", "1.5 KiB", "4 GiB"]);
});

describe("a result message", () => {
  const good: Result = {
    v: 1,
    scan: 1,
    agent: "a",
    state: "DONE",
    verdict: "CLEAN",
    signature: null,
    error: null,
    versions: { engine: null, signatures: null, signatureDate: null },
    image: null,
    startedAt: null,
    durationMs: 1,
    details: { any: ["thing"] },
    truncated: false,
  };
  const parse = (message: object) => parseMessage(ResultMessage, Buffer.from(JSON.stringify(message)));

  it("comes through the bus as it was", () => {
    expect(parseMessage(ResultMessage, encodeMessage(good))).toEqual(good);
  });

  it("counts without a cause that an older agent does not send, and with none for one that only a newer agent knows", () => {
    const failed = { ...good, state: "FAILED", verdict: null, error: "x" };
    expect(parse(failed).cause).toBeUndefined();
    expect(parse({ ...failed, cause: "ENGINE_ERROR" }).cause).toBe("ENGINE_ERROR");
    expect(parse({ ...failed, cause: "OF_TOMORROW" }).cause).toBeNull();
  });

  it.each([
    ["another version", { v: 2 }, "v"],
    ["a verdict without being done", { state: "FAILED", error: "x" }, "verdict"],
    ["a failure without a reason", { state: "FAILED", verdict: null }, "error"],
    ["a reason without a failure", { error: "x" }, "error"],
    ["a state that only a gateway gives", { state: "NO_AGENT", verdict: null }, "state"],
    ["no scan", { scan: 0 }, "scan"],
  ])("is refused with %s, naming the field", (_, change, field) => {
    expect(() => parse({ ...good, ...change })).toThrow(new RegExp(`at ${field}`));
  });
});

describe("a manifest", () => {
  const good = {
    name: "X",
    type: "AV",
    speed: "FAST",
    internet: false,
    output: "clamd",
    run: { process: { command: ["x", "{file}"] } },
  };

  it("has its defaults and its durations in milliseconds", () => {
    expect(Manifest.parse({ ...good, timeout: "2m" })).toMatchObject({ timeout: 120_000, input: "file" });
    expect(Manifest.parse(good).timeout).toBe(60_000);
  });

  it.each([
    ["a name with a dot", { name: "a.b" }, "name"],
    ["an unknown key", { colour: "red" }, ""],
    ["a speed that no engine has", { speed: "ALL" }, "speed"],
    ["types for an antivirus engine", { accepts: ["image/png"] }, "accepts"],
    ["no way to run", { run: {} }, "run"],
    ["two ways in one", { run: { process: { service: "clamd", command: ["x"] } } }, "run.process"],
    ["a timeout without a unit", { timeout: "60" }, "timeout"],
  ])("is refused with %s, naming the field", (_, change, field) => {
    const { error } = Manifest.safeParse({ ...good, ...change });
    expect(error?.issues.map(({ path }) => path.join("."))).toContain(field);
  });
});

describe("settings", () => {
  const settings = {
    URL: { type: anyText, about: "", example: "", required: true, secret: true },
    PORT: { type: integer(1, 10), about: "", example: "", fallback: "7" },
    WAIT: { type: duration, about: "", example: "", fallback: "30s" },
    MOST: { type: size, about: "", example: "" },
  } as const;

  it("have defaults, units, and stay undefined where there is neither", () => {
    expect(readSettings(settings, { URL: "x", WAIT: "1500ms", PORT: "" })).toEqual({ URL: "x", PORT: 7, WAIT: 1_500 });
    expect(readSettings(settings, { URL: "x", MOST: "2GiB" }).MOST).toBe(2_147_483_648);
  });

  it("report every mistake at once, and show no secret", () => {
    try {
      readSettings(settings, { PORT: "11", WAIT: "soon", MOST: "-1" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).mistakes).toEqual([
        "URL: is not set",
        'PORT: needs a whole number from 1 to 10 (it is "11")',
        'WAIT: needs a duration such as 500ms, 30s, 15m or 24h (it is "soon")',
        'MOST: needs a size such as 256KiB, 512MiB or 1GiB (it is "-1")',
      ]);
    }
  });

  it("report a name that is no part's, with the one that is meant; those of other parts are let be", () => {
    const env = {
      URL: "x",
      SCANMESH_AUHT: "keys",
      SCANMESH_WHATEVER_ELSE: "1",
      SCANMESH_SLOTS: "2",
      SCANMESH_API_KEY_FILE: "/x",
      // What Kubernetes tells of a service called scanmesh, or scanmesh-gateway.
      SCANMESH_SERVICE_HOST: "10.0.0.7",
      SCANMESH_GATEWAY_SERVICE_PORT_HTTP: "8080",
      SCANMESH_PORT: "tcp://10.0.0.7:8080",
      SCANMESH_PORT_8080_TCP_ADDR: "10.0.0.7",
    };
    expect(() => readSettings(settings, env)).toThrow(
      "SCANMESH_AUHT: there is no such setting; did you mean SCANMESH_AUTH?\nSCANMESH_WHATEVER_ELSE: there is no such setting",
    );
    expect(readSettings(settings, { ...env, SCANMESH_AUHT: undefined, SCANMESH_WHATEVER_ELSE: "" })).toMatchObject({ URL: "x" });
  });

  it("read a secret from a file, and refuse two values for it", () => {
    const file = join(mkdtempSync(join(tmpdir(), "scanmesh-settings-")), "url");
    writeFileSync(file, "postgres://secret\n");
    expect(readSettings(settings, { URL_FILE: file }).URL).toBe("postgres://secret");
    expect(() => readSettings(settings, { URL_FILE: file, URL: "x" })).toThrow("URL and URL_FILE are both set");
    expect(() => readSettings(settings, { URL_FILE: "/nowhere" })).toThrow("URL: ENOENT");
  });
});
