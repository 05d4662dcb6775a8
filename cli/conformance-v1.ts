/** What the contract says of all paths, and of the list, the report and the scanners, line by line. */

import { isJson, line, parseBody, type Line, type RestReport, type Target } from "./conformance-target.js";

const ASCTIME =
  /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ( \d|[123]\d) \d\d:\d\d:\d\d \d{4}$/;
const keys = (value: object) => Object.keys(value).toSorted().join();

const COMMON = "Common";
const LIST = "GET /api/v1/sample";
const REPORT = "GET /api/v1/sample/<id>";
const SCANNER = "GET /api/v1/scanner";

const contentTypeLines = ["text/plain", "application/x-www-form-urlencoded", "application/json", "json"].map((type) =>
  line(COMMON, `JSON sent as ${type} is read as JSON`, async (t) => {
    const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "QUJD", sample_name: "a" });
    const answer = await t.send("/api/v1/sample", { method: "POST", body, headers: { "content-type": type } });
    t.must(answer.status === 200 && isJson(answer), "the upload is answered 200 with application/json");
  }),
);

const methodLines = (
  [
    ["DELETE", "/api/v1/sample", "GET, HEAD, POST"],
    ["POST", "/api/v1/sample/1", "GET, HEAD"],
    ["GET", "/api/upload", "POST"],
    ["PUT", "/api/v1/scanner", "GET, HEAD"],
  ] as const
).map(([method, path, allow]) =>
  line(COMMON, `${method} ${path}: 405 with Allow`, async (t) => {
    const answer = await t.send(path, { method });
    t.refused(answer, 405);
    t.must(answer.headers.allow === allow, `Allow is ${allow}, not ${String(answer.headers.allow)}`);
  }),
);

const invalidIdLines = [
  "0",
  "-1",
  "+1",
  "1_0",
  "1e3",
  "%D9%A3",
  "-0",
  "9223372036854775808",
  "999999999999",
  "abc",
  "1.0",
  "%00",
].map((id) =>
  line(REPORT, `the id ${id} is answered 400 "invalid sample id"`, async (t) =>
    t.refused(await t.send(`/api/v1/sample/${id}`), 400, "invalid sample id"),
  ),
);

function checkEntry(t: Target, entry: Readonly<Record<string, unknown>>): void {
  const { name, plugin_type, speed, has_internet, queued, scanning, infected, result, engine, updated } = entry;
  const of = `the entry of ${String(name)}`;
  t.must([1, 2, 3, 4].includes(plugin_type as number), `${of} has a plugin_type from 1 to 4`);
  t.must([-1, 0, 1, 2].includes(speed as number), `${of} has a speed from -1 to 2`);
  t.must(typeof has_internet === "boolean", `${of} has has_internet as a boolean`);
  t.must(
    [queued, scanning].every((bit) => bit === 0 || bit === 1),
    `${of} has queued and scanning as 0 or 1`,
  );
  t.must(infected === "" || typeof infected === "boolean", `${of} has infected as a boolean or ""`);
  t.must(
    [result, engine, updated].every((text) => typeof text === "string"),
    `${of} has result, engine and updated as text`,
  );
  if ("error" in entry) t.must(infected === "", `${of} did not finish, and infected is ""`);
  if (queued === 1 || scanning === 1)
    t.must(
      [infected, result, engine, updated].every((text) => text === ""),
      `${of} is pending, and its texts are empty`,
    );
}

function isDetection({ verdict }: Readonly<Record<string, unknown>>): boolean {
  return verdict === "infected" || verdict === "suspicious";
}

export const V1_LINES: readonly Line[] = [
  ...contentTypeLines,
  line(COMMON, "an unknown path is 404 with an error", async (t) => t.refused(await t.send("/api/v1/nothing"), 404)),
  ...methodLines,
  line(COMMON, "a body that says that it has a terabyte is 413, before it is sent", async (t) =>
    t.refused(await t.send("/api/v1/sample", { method: "POST", body: "{", headers: { "content-length": "1099511627776" } }), 413),
  ),
  line(COMMON, "text beyond ASCII is UTF-8, sent and received", async (t) => {
    const { id } = await t.scan("ünï-漢-😀.exe");
    const report = parseBody<RestReport>(await t.send(`/api/v1/sample/${id}`));
    t.must(report.name === "ünï-漢-😀.exe", "the name comes back as it was sent");
  }),
  line(COMMON, "HEAD is GET without its body", async (t) => {
    const answer = await t.send("/api/v1/sample?limit=1", { method: "HEAD" });
    t.must(answer.status === 200 && answer.text === "" && isJson(answer), "it is 200, application/json and empty");
  }),
  line(LIST, "an array in ascending id, a size as text, dates as asctime", async (t) => {
    const { id } = await t.scan();
    const scans = parseBody<RestReport[]>(await t.send(`/api/v1/sample?after=${id - 1}`));
    const first = scans[0] ?? ({} as RestReport);
    t.must(first.id === id, "the scan just made is in it");
    t.must(keys(first) === "end_date,id,md5,name,sha1,sha256,size,start_date", "it has the eight fields and no others");
    t.must(first.size === "24", 'its size is the text "24"');
    t.must(ASCTIME.test(String(first.start_date)), "start_date is as asctime writes it");
  }),
  line(LIST, "[] where there are no scans", async (t) => {
    const answer = await t.send("/api/v1/sample?after=9007199254740991");
    t.must(answer.status === 200 && isJson(answer) && answer.text === "[]", "it is 200 with an empty array");
  }),
  line(LIST, "limit and after give pages, with a link to the next", async (t) => {
    const { id } = await t.scan();
    await t.scan();
    const answer = await t.send(`/api/v1/sample?limit=1&after=${id - 1}`);
    t.must(
      parseBody<RestReport[]>(answer)
        .map((scan) => scan.id)
        .join() === String(id),
      "the page has the one scan",
    );
    t.must(/<[^>]+>; rel="next"/.test(String(answer.headers.link)), "Link names the next page");
  }),
  line(REPORT, "the fields of the page, infected -1, a size as text, every engine from the first moment", async (t) => {
    const { id } = await t.scan("r.bin");
    const report = parseBody<RestReport>(await t.send(`/api/v1/sample/${id}`));
    t.must(
      report.infected === -1 && report.size === "24" && report.name === "r.bin",
      "infected, size and name are as they should be",
    );
    t.must(report.end_date === null || ASCTIME.test(String(report.end_date)), "end_date is null or as asctime writes it");
    t.must(report.result.length > 0, "there are engines in it");
    for (const entry of report.result) checkEntry(t, entry);
    const names = report.result.map(({ name }) => String(name).toLowerCase());
    t.must(
      names.join() === names.toSorted().join() && new Set(names).size === names.length,
      "each engine once, in the order of names",
    );
  }),
  line(REPORT, "the additional verdict, detections and engines", async (t) => {
    const { verdict, detections, engines, result } = await t.complete((await t.scan()).id);
    const { total, done } = (engines ?? {}) as Readonly<Record<string, unknown>>;
    t.must(["inconclusive", "clean", "suspicious", "infected"].includes(verdict as string), "a complete scan has a verdict");
    t.must(
      detections === result.filter((entry) => isDetection(entry)).length,
      "detections counts the entries that detect something",
    );
    t.must(total === result.length && done === total, "engines counts the entries");
  }),
  line(REPORT, "complete means that end_date is set, and then nothing is queued or scanning", async (t) => {
    const { id } = await t.scan();
    const first = parseBody<RestReport>(await t.send(`/api/v1/sample/${id}`));
    const report = await t.complete(id);
    const names = ({ result }: RestReport) => result.map(({ name }) => name).join();
    t.must(names(first) === names(report), "it has the engines that it had from the first moment");
    t.must(ASCTIME.test(String(report.end_date)), "end_date is as asctime writes it");
    t.must(
      report.result.every(({ queued, scanning }) => queued === 0 && scanning === 0),
      "no entry is queued or scanning",
    );
    for (const entry of report.result) checkEntry(t, entry);
  }),
  ...invalidIdLines,
  line(SCANNER, "an array of engines with their fields", async (t) => {
    const scanners = parseBody<object[]>(await t.send("/api/v1/scanner"));
    t.must(scanners.length > 0, "there are engines");
    const wanted = "enabled,engine_version,has_internet,name,plugin_type,signature_version,speed";
    t.must(
      scanners.every((scanner) => keys(scanner) === wanted),
      "each has its seven fields and no others",
    );
  }),
];
