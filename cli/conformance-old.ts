/** The contract of the generation before `/api/v1`, and of the CSV, line by line. */

import { form } from "./conformance-exchange.js";
import { line, parseBody, type Line, type RestReport, type Target } from "./conformance-target.js";

const OLD = "The generation before";
const CSV = "GET /export/csv";
const urlencoded = (body: string) => ({ method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded" } });

const reportLines = (
  [
    ["GET with the id in the query", (t: Target, id: number) => t.send(`/api/report?id=${id}`)],
    ["POST of a form", (t: Target, id: number) => t.send("/api/report", urlencoded(`id=${id}`))],
    ["POST of a multipart form", (t: Target, id: number) => t.send("/api/report", form({ id: String(id) }))],
  ] as const
).map(([how, ask]) =>
  line(OLD, `/api/report: ${how} gives the report with report_id`, async (t) => {
    const { id } = await t.scan();
    const answer = await ask(t, id);
    const report = JSON.parse(answer.text) as RestReport;
    t.must(answer.status === 200 && report.id === id && report.report_id === id, "id and report_id are the scan's");
    t.must(Array.isArray(report.result), "it has its results");
  }),
);

const missingIdLines = ["", "?id="].map((query) =>
  line(OLD, `/api/report${query}: 200 "report id not provided."`, async (t) =>
    t.refused(await t.send(`/api/report${query}`), 200, "report id not provided."),
  ),
);

const unknownIdLines = ["0", "abc", "999999999999", "1e3"].map((id) =>
  line(OLD, `/api/report?id=${id}: 200 "report not found"`, async (t) =>
    t.refused(await t.send(`/api/report?id=${id}`), 200, "report not found"),
  ),
);

const searchLines = (["md5", "sha1", "sha256"] as const).map((algorithm) =>
  line(OLD, `/api/search finds by ${algorithm}`, async (t) => {
    const { id, hashes } = await t.scan();
    const found = JSON.parse((await t.send(`/api/search?file_hash=${hashes[algorithm]}`)).text) as RestReport[];
    t.must(found.map((report) => report.report_id).join() === String(id), "the one report is found");
  }),
);

/** The cells of a line, quotes undone. */
function cells(text: string): string[] {
  return [...text.matchAll(/(?:^|;)(?:"((?:[^"]|"")*)"|([^;"]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

export const OLD_LINES: readonly Line[] = [
  ...reportLines,
  ...missingIdLines,
  ...unknownIdLines,
  ...searchLines,
  line(OLD, "/api/search finds by a name with %, and by several terms", async (t) => {
    const { id, hashes } = await t.scan();
    const name = `conformance-${hashes.md5.slice(0, 12)}`;
    const second = (await t.scan(`${name}.exe`)).id;
    const found = JSON.parse((await t.send(`/api/search?file_hash=${name}%25,${hashes.sha1}`)).text) as RestReport[];
    t.must(found.map((report) => report.report_id).join() === [id, second].join(), "both reports are found, in ascending id");
  }),
  line(OLD, '/api/search for what is not there: 200 "Not found."', async (t) =>
    t.refused(await t.send("/api/search?file_hash=00000000000000000000000000000000"), 200, "Not found."),
  ),
  line(OLD, "/api/search takes a POST", async (t) =>
    t.refused(await t.send("/api/search", urlencoded("file_hash=nothing-of-that-name")), 200, "Not found."),
  ),
  line(CSV, "text/csv as an attachment, its first columns and the engines'", async (t) => {
    const { id, hashes } = await t.scan("conformance;quoted.exe");
    await t.complete(id);
    const answer = await t.send(`/export/csv?q=${hashes.sha256}`);
    t.must(/^text\/csv\b/.test(answer.headers["content-type"] ?? ""), "it is text/csv");
    t.must(answer.headers["content-disposition"] === "attachment; filename=multi-av-export.csv", "it is multi-av-export.csv");
    const [head = "", row = ""] = answer.text.split("\n");
    t.must(head.startsWith("name;md5;sha1;sha256;start_date;"), "its columns begin with name, hashes and start_date");
    t.must(cells(row)[0] === "conformance;quoted.exe" && cells(row)[3] === hashes.sha256, "a name with the separator is quoted");
    t.must(cells(row).length === cells(head).length, "every line has as many cells as the first");
  }),
  line(
    CSV,
    "by name every engine: an antivirus engine as X and X-version, others as X; who took no part is not scanned",
    async (t) => {
      const { id, hashes } = await t.scan();
      const { result } = await t.complete(id);
      const scanners = parseBody<{ name: string; plugin_type: number }[]>(await t.send("/api/v1/scanner"));
      const columns = scanners.flatMap(({ name, plugin_type }) => (plugin_type === 1 ? [name, `${name}-version`] : [name]));
      const [head = "", row = ""] = (await t.send(`/export/csv?q=${hashes.sha256}`)).text.split("\n");
      t.must(cells(head).slice(5).join() === columns.join(), "the columns are those of the scanners, in their order");
      const shown = new Map(cells(head).map((name, i) => [name, cells(row)[i]]));
      const absent = scanners.filter(({ name }) => !result.some((entry) => entry.name === name));
      t.must(
        absent.every(({ name }) => shown.get(name) === "not scanned"),
        "an engine that took no part says so",
      );
      const others = scanners.filter((scanner) => scanner.plugin_type !== 1 && !absent.includes(scanner));
      t.must(
        others.every(({ name }) => (JSON.parse(shown.get(name) ?? "") as { name?: unknown }).name === name),
        "an engine that is no antivirus has its JSON",
      );
    },
  ),
  line(CSV, "everything, without parameters, as an attachment too", async (t) => {
    const answer = await t.send("/export/csv", { method: "HEAD" });
    t.must(answer.status === 200 && /^text\/csv\b/.test(answer.headers["content-type"] ?? ""), "it is 200 and text/csv");
  }),
  line(CSV, "a cell that a spreadsheet would run as a formula is defused", async (t) => {
    const { hashes } = await t.scan("=1+1");
    const [, row = ""] = (await t.send(`/export/csv?q=${hashes.md5}`)).text.split("\n");
    t.must(cells(row)[0] === "'=1+1", "the name begins with an apostrophe");
  }),
  line(CSV, "l and p give a page of the newest scans", async (t) => {
    const { hashes } = await t.scan();
    await t.scan();
    const lines = (await t.send("/export/csv?l=1&p=1")).text.trim().split("\n");
    t.must(lines.length === 2 && cells(lines[1] ?? "")[3] === hashes.sha256, "the second newest scan is the only line");
  }),
];
