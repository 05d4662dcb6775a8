import type { RequestListener } from "node:http";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { describeFetcher } from "../../../scanner-agent/fetcher/describe-fetcher.js";
import { Manifest } from "../../../schema/manifest.js";
import { verifyCvds } from "../../../scanner-agent/fetcher/cvd.js";
import { createFreshclamSource } from "../../../scanner-agent/fetcher/freshclam.js";
import { explainFailure, readRetryAfter } from "../../../scanner-agent/fetcher/freshclam-output.js";
import { Blocked } from "../../../scanner-agent/fetcher/source.js";
import { NEVER_ABORTED } from "../../../scanner-agent/within.js";
import { serveFiles, startMirror, unsignedDatabase, type Mirror } from "./mirror.js";

const look = { signal: NEVER_ABORTED, onBytes: () => undefined };
const HOUR = 3_600_000;

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-fetcher-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One database, so that the mirror is asked for little. */
function freshclam(mirror: Mirror, readFree = async () => 1024 ** 4) {
  const more = { everyMs: undefined, proxy: undefined, authorityFile: undefined, programPath: "", readFree };
  return createFreshclamSource({ engine: "ClamAV", set: "main", folder, mirror: mirror.url, databases: ["daily"], ...more });
}

async function refusal(work: Promise<unknown>): Promise<Blocked> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Blocked);
  return error as Blocked;
}

describe("a mirror that refuses", () => {
  test("is suspected to refuse versions at the end of their life, where it says 403", async () => {
    const mirror = await startMirror((_, response) => response.writeHead(403).end());
    expect((await refusal(freshclam(mirror).fetch(look))).message).toContain(
      "versions of ClamAV that have reached the end of their life",
    );
  });

  const cases: [status: number, headers: Record<string, string>, hours: number][] = [
    [403, {}, 24],
    [429, { "retry-after": "7200" }, 2],
    [429, {}, 4],
  ];
  test.each(cases)("with %i %o is not asked again for %i hours, by nobody with this folder", async (status, headers, hours) => {
    const mirror = await startMirror((_, response) => response.writeHead(status, headers).end());
    const before = Date.now();
    const { message, until } = await refusal(freshclam(mirror).fetch(look));
    expect(message).toContain(`${mirror.host} has refused this host (${status})`);
    expect(Math.abs(until.getTime() - before - hours * HOUR)).toBeLessThan(300_000);
    const asked = mirror.asked.length;
    mirror.answer = (_, response) => response.writeHead(200).end();
    expect((await refusal(freshclam(mirror).fetch(look))).until).toEqual(until);
    expect(mirror.asked).toHaveLength(asked);
  });
});

describe("a mirror with something else than a database", () => {
  const page = `<!DOCTYPE html><html><body>${"Please log in. ".repeat(100)}</body></html>`;
  const cases: [what: string, answer: RequestListener, sentence: string][] = [
    [
      "a page",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end(page),
      "answers with something else than a database, such as the page of a proxy or of a login",
    ],
    [
      "half a file",
      (_, response) => {
        response.writeHead(200, { "content-length": "100000" });
        response.write("ClamAV-VDB:", () => response.destroy());
      },
      "broke off in the middle of a file",
    ],
    ["nothing", (_, response) => response.writeHead(404).end(), "has no such database (404)"],
    ["trouble", (_, response) => response.writeHead(503).end(), "answers 503"],
    [
      "a clock an hour ahead, and nothing",
      (_, response) => response.writeHead(404, { date: new Date(Date.now() + HOUR).toUTCString() }).end(),
      "clock is 60 minutes behind",
    ],
  ];
  test.each(cases)("such as %s is told in a sentence, and asked again", async (_what, answer, sentence) => {
    const mirror = await startMirror(answer);
    await expect(freshclam(mirror).fetch(look)).rejects.toThrow(sentence);
    const asked = mirror.asked.length;
    await expect(freshclam(mirror).fetch(look)).rejects.toThrow(mirror.host);
    expect(mirror.asked.length).toBeGreaterThan(asked);
  });
});

describe("databases", () => {
  const put = async (name: string, content: Uint8Array) => {
    await mkdir(join(folder, "databases"), { recursive: true });
    await writeFile(join(folder, "databases", name), content);
  };

  test("that the mirror has no newer of stay, and their version and date are told", async () => {
    const built = new Date("2026-11-30T10:00:00Z");
    await put("daily.cld", await unsignedDatabase("daily", 27_500, { built }));
    await put("tmp.0123456789", Buffer.from("of a freshclam that was killed"));
    const mirror = await startMirror(serveFiles({ "daily.cvd": await unsignedDatabase("daily", 27_500, { built }) }));
    const source = freshclam(mirror);
    const content = await source.fetch(look);
    expect(content).toMatchObject({ version: "27500", date: built, image: null, files: [{ path: "daily.cld" }] });
    await source.verify(content, NEVER_ABORTED);
    expect((await readdir(join(folder, "databases"))).toSorted()).toEqual(["daily.cld", "freshclam.dat"]);
  });

  test("that are newer but not signed by ClamAV are refused by freshclam, and what was there stays", async () => {
    await put("daily.cld", await unsignedDatabase("daily", 27_500));
    const mirror = await startMirror(serveFiles({ "daily.cvd": await unsignedDatabase("daily", 27_501) }));
    await expect(freshclam(mirror).fetch(look)).rejects.toThrow("altered or damaged, for its signature does not fit");
    expect(mirror.asked).toContain("/daily.cvd");
    expect(mirror.asked.join(), "a private mirror needs no differences").not.toContain("cdiff");
    expect(await readdir(join(folder, "databases"))).toContain("daily.cld");
  });

  test("that are unsigned are refused as .cvd and accepted as .cud, wherever they are from", async () => {
    const database = await unsignedDatabase("own", 1);
    for (const name of ["own.cvd", "own.cud", "own.ndb"]) await writeFile(join(folder, name), database);
    const verify = (name: string) => verifyCvds([join(folder, name)], "", NEVER_ABORTED);
    await expect(verify("own.cvd")).rejects.toThrow("own.cvd is not signed by ClamAV, was altered, or is cut");
    await verify("own.cud");
    await verify("own.ndb");
    await writeFile(join(folder, "own.cvd"), database.subarray(0, 600));
    await expect(verify("own.cvd")).rejects.toThrow("own.cvd");
  });

  test("are not fetched where there is no room for them", async () => {
    const mirror = await startMirror((_, response) => response.end());
    await expect(freshclam(mirror, async () => 100 * 1024 ** 2).fetch(look)).rejects.toThrow(
      "has 100 MiB, and 512 MiB are needed",
    );
    expect(mirror.asked).toEqual([]);
  });
});

test("what else freshclam prints is told in sentences", () => {
  const told = (line: string) =>
    explainFailure({ exitCode: 11, output: `ERROR: ${line}\nERROR: Update failed.\n` }, "mirror.test");
  expect(told("Download failed (60)  Message: SSL peer certificate or SSH remote key was not OK")).toContain("SCANMESH_FETCH_CA");
  expect(told("SSL certificate problem: certificate is not yet valid")).toContain("check the clock");
  expect(told("Can't write 512 bytes: No space left on device")).toContain("no room on the disk");
  expect(told("Download failed (6)  Message: Couldn't resolve host name")).toContain("cannot be resolved");
  expect(told("Download failed (7)  Message: Couldn't connect to server")).toContain("cannot be reached");
  expect(told("initgroups() failed.")).toContain("run the fetcher as another user");
  expect(told("Something of tomorrow")).toBe("freshclam failed: Update failed.");
  expect(
    readRetryAfter(Buffer.from("FreshClamData of another kind, and long enough to be one that holds a time")),
  ).toBeUndefined();
});

test("doctor says what a fetcher fetches, and where to", async () => {
  const clamav = {
    name: "ClamAV",
    type: "AV",
    speed: "FAST",
    internet: false,
    output: "clamd",
    run: { process: { service: "clamd" } },
  };
  const manifest = Manifest.parse({ ...clamav, updates: { main: { source: "freshclam" } } });
  const lines = (env: Record<string, string>) =>
    describeFetcher([manifest], readAgentConfig({ SCANMESH_FETCH_DIR: folder, ...env }));
  expect(await lines({})).toEqual([]);
  expect(await lines({ SCANMESH_FETCH: "on" })).toEqual([`into ${folder}`, "ClamAV main: ClamAV's mirrors, by freshclam"]);
  const mirror = { SCANMESH_FETCH: "on", SCANMESH_CLAMAV_MIRROR: "https://clamav.example.org" };
  expect((await lines(mirror))[1]).toBe("ClamAV main: clamav.example.org, by freshclam");
  expect((await lines({ ...mirror, SCANMESH_CLAMAV_MIRROR: "/srv/clamav" }))[1]).toBe("ClamAV main: the folder /srv/clamav");
});
