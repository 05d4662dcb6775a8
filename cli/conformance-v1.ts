/** The contract of `/api/v1` and of the uploads, line by line. */

import { form } from "./conformance-exchange.js";
import { isJson, type Line, type Report, type Target, type Uploaded } from "./conformance-target.js";

const ASCTIME =
  /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ( \d|[123]\d) \d\d:\d\d:\d\d \d{4}$/;
const line = (section: string, says: string, tried: (target: Target) => Promise<void>): Line => ({ section, says, try: tried });
const keys = (value: object) => Object.keys(value).toSorted().join();
const parsed = <T>({ text }: { text: string }) => JSON.parse(text) as T;

const COMMON = "Common";
const LIST = "GET /api/v1/sample";
const REPORT = "GET /api/v1/sample/<id>";
const UPLOAD = "POST /api/upload and /api/v1/sample";
const SCANNER = "GET /api/v1/scanner";

const contentTypes = ["text/plain", "application/x-www-form-urlencoded", "application/json"].map((type) =>
  line(COMMON, `JSON sent as ${type} is read as JSON`, async (t) => {
    const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "QUJD", sample_name: "a" });
    const answer = await t.send("/api/v1/sample", { method: "POST", body, headers: { "content-type": type } });
    t.must(answer.status === 200 && isJson(answer), "the upload is answered 200 with application/json");
  }),
);

const wrongVerbs = (
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

const ids = ["0", "-1", "+1", "1_0", "1e3", "%D9%A3", "-0", "9223372036854775808", "999999999999", "abc", "1.0", "%00"].map(
  (id) =>
    line(REPORT, `the id ${id} is answered 400 "invalid sample id"`, async (t) =>
      t.refused(await t.send(`/api/v1/sample/${id}`), 400, "invalid sample id"),
    ),
);

const mistakes = ["/api/v1/sample", "/api/upload"].flatMap((path) =>
  (
    [
      ["what is not JSON", "{", "invalid json"],
      ["an empty object", "{}", "missing parameter: allow_internet"],
      ["only allow_internet", '{"allow_internet":"True"}', "missing parameter: minspeed"],
      ["no sample", '{"allow_internet":"True","minspeed":0}', "missing parameter: sample"],
      ["no sample_name", '{"allow_internet":"True","minspeed":0,"sample":""}', "missing parameter: sample_name"],
      ["minspeed 4", '{"allow_internet":"True","minspeed":4,"sample":"","sample_name":"a"}', "invalid parameter: minspeed"],
      ['minspeed "x" before a missing sample', '{"allow_internet":"True","minspeed":"x"}', "invalid parameter: minspeed"],
      [
        "base64 of an impossible length",
        '{"allow_internet":"True","minspeed":0,"sample":"QUJDQ","sample_name":"a"}',
        "invalid parameter: sample",
      ],
    ] as const
  ).map(([what, body, error]) =>
    line(UPLOAD, `${path}: ${what} is 400 "${error}"`, async (t) =>
      t.refused(await t.send(path, { method: "POST", body }), 400, error),
    ),
  ),
);

const accepted = (
  [
    ["minspeed as text", { minspeed: " 3 " }, undefined],
    ["minspeed true", { minspeed: true }, undefined],
    ["allow_internet as boolean", { allow_internet: false }, undefined],
    ["base64 with white space and without padding", { sample: " QU\nI" }, 2],
    ["base64 with a data: prefix", { sample: "data:application/octet-stream;base64,QUJD" }, 3],
    ["an empty sample, of 0 bytes", { sample: "" }, 0],
  ] as const
).map(([what, changes, size]) =>
  line(UPLOAD, `takes ${what}`, async (t) => {
    const answer = await t.upload(changes);
    t.must(answer.status === 200, `it is answered 200, not ${answer.status}`);
    if (size !== undefined) t.must(parsed<Uploaded>(answer).file.size === size, `the size is the integer ${size}`);
  }),
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

export const V1_LINES: readonly Line[] = [
  ...contentTypes,
  line(COMMON, "an unknown path is 404 with an error", async (t) => t.refused(await t.send("/api/v1/nothing"), 404)),
  ...wrongVerbs,
  line(COMMON, "HEAD is GET without its body", async (t) => {
    const answer = await t.send("/api/v1/sample?limit=1", { method: "HEAD" });
    t.must(answer.status === 200 && answer.text === "" && isJson(answer), "it is 200, application/json and empty");
  }),
  line(LIST, "an array in ascending id, a size as text, dates as asctime", async (t) => {
    const { id } = await t.scan();
    const scans = parsed<Report[]>(await t.send(`/api/v1/sample?after=${id - 1}`));
    const first = scans[0] ?? ({} as Report);
    t.must(first.id === id, "the scan just made is in it");
    t.must(keys(first) === "end_date,id,md5,name,sha1,sha256,size,start_date", "it has the eight fields and no others");
    t.must(first.size === "24", 'its size is the text "24"');
    t.must(ASCTIME.test(String(first.start_date)), "start_date is as asctime writes it");
  }),
  line(LIST, "limit and after give pages, with a link to the next", async (t) => {
    const { id } = await t.scan();
    await t.scan();
    const answer = await t.send(`/api/v1/sample?limit=1&after=${id - 1}`);
    t.must(
      parsed<Report[]>(answer)
        .map((scan) => scan.id)
        .join() === String(id),
      "the page has the one scan",
    );
    t.must(/<[^>]+>; rel="next"/.test(String(answer.headers.link)), "Link names the next page");
  }),
  line(REPORT, "the fields of the page, infected -1, a size as text, every engine from the first moment", async (t) => {
    const { id } = await t.scan("r.bin");
    const report = parsed<Report>(await t.send(`/api/v1/sample/${id}`));
    t.must(
      report.infected === -1 && report.size === "24" && report.name === "r.bin",
      "infected, size and name are as they should be",
    );
    t.must(report.result.length > 0, "there are engines in it");
    for (const entry of report.result) checkEntry(t, entry);
    const names = report.result.map(({ name }) => String(name).toLowerCase());
    t.must(
      names.join() === names.toSorted().join() && new Set(names).size === names.length,
      "each engine once, in the order of names",
    );
  }),
  line(REPORT, "complete means that end_date is set, and then nothing is queued or scanning", async (t) => {
    const report = await t.complete((await t.scan()).id);
    t.must(ASCTIME.test(String(report.end_date)), "end_date is as asctime writes it");
    t.must(
      report.result.every(({ queued, scanning }) => queued === 0 && scanning === 0),
      "no entry is queued or scanning",
    );
    for (const entry of report.result) checkEntry(t, entry);
  }),
  ...ids,
  ...["/api/v1/sample", "/api/upload"].flatMap((path) => [
    line(UPLOAD, `${path}: JSON is answered with id, hashes and an integer size`, async (t) => {
      const answer = await t.upload({ sample: "QUJD", sample_name: "abc.bin" }, path);
      const { id, hashes, file } = parsed<Uploaded>(answer);
      t.must(answer.status === 200 && isJson(answer), "it is 200 with application/json");
      t.must(Number.isInteger(id) && id > 0, "the id is a positive integer");
      t.must(hashes.md5 === "902fbdd2b1df0c4f70b4a5d23525e932", "the md5 is that of ABC");
      t.must(file.name === "abc.bin" && file.size === 3, "the file is abc.bin, of 3 bytes");
    }),
    line(UPLOAD, `${path}: a form is taken too`, async (t) => {
      const answer = await t.send(
        path,
        form({ minspeed: "3", allow_internet: "false" }, { field: "file_upload", name: "f.bin", text: "ABC" }),
      );
      t.must(answer.status === 200, `it is answered 200, not ${answer.status}`);
      t.must(parsed<Uploaded>(answer).file.size === 3, "the size is the integer 3");
    }),
    line(UPLOAD, `${path}: a form without file_upload is 400`, async (t) =>
      t.refused(await t.send(path, form({ minspeed: "3" })), 400, "missing parameter: file_upload"),
    ),
  ]),
  ...mistakes,
  ...accepted,
  line(UPLOAD, "the same bytes under another name are a new scan with that name", async (t) => {
    const [one, two] = [
      await t.upload({ sample: "QUJD", sample_name: "one" }),
      await t.upload({ sample: "QUJD", sample_name: "two" }),
    ];
    t.must(parsed<Uploaded>(two).id > parsed<Uploaded>(one).id, "its id is higher");
    t.must(parsed<Report>(await t.send(`/api/v1/sample/${parsed<Uploaded>(two).id}`)).name === "two", "its name is the new one");
  }),
  line(SCANNER, "an array of engines with their fields", async (t) => {
    const scanners = parsed<object[]>(await t.send("/api/v1/scanner"));
    t.must(scanners.length > 0, "there are engines");
    const wanted = "enabled,engine_version,has_internet,name,plugin_type,signature_version,speed";
    t.must(
      scanners.every((scanner) => keys(scanner) === wanted),
      "each has its seven fields and no others",
    );
  }),
];
