/** What the contract says of the two upload paths, line by line. */

import { form } from "./conformance-exchange.js";
import { isJson, line, parseBody, type Line, type RestReport, type Target, type UploadAnswer } from "./conformance-target.js";

const UPLOAD = "POST /api/upload and /api/v1/sample";

const mistakeLines = ["/api/v1/sample", "/api/upload"].flatMap((path) =>
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
      [
        "base64 without its padding",
        '{"allow_internet":"True","minspeed":0,"sample":"QUI","sample_name":"a"}',
        "invalid parameter: sample",
      ],
    ] as const
  ).map(([what, body, error]) =>
    line(UPLOAD, `${path}: ${what} is 400 "${error}"`, async (t) =>
      t.refused(await t.send(path, { method: "POST", body }), 400, error),
    ),
  ),
);

const acceptedLines = (
  [
    ["minspeed as text", { minspeed: " 3 " }, undefined],
    ["minspeed true", { minspeed: true }, undefined],
    ["allow_internet as boolean", { allow_internet: false }, undefined],
    ["base64 with white space", { sample: " QU\nI=" }, 2],
    ["base64 with a data: prefix", { sample: "data:application/octet-stream;base64,QUJD" }, 3],
    ["an empty sample, of 0 bytes", { sample: "" }, 0],
  ] as const
).map(([what, changes, size]) =>
  line(UPLOAD, `takes ${what}`, async (t) => {
    const answer = await t.upload(changes);
    t.must(answer.status === 200, `it is answered 200, not ${answer.status}`);
    if (size !== undefined) t.must(parseBody<UploadAnswer>(answer).file.size === size, `the size is the integer ${size}`);
  }),
);

/** The report of a scan that was uploaded with these changes. */
async function reportOf(t: Target, changes: Readonly<Record<string, unknown>>): Promise<RestReport> {
  const answer = await t.upload(changes);
  t.must(answer.status === 200, `it is answered 200, not ${answer.status}`);
  return parseBody<RestReport>(await t.send(`/api/v1/sample/${parseBody<UploadAnswer>(answer).id}`));
}

const speedLines = ([-1, 0, 1, 2, 3] as const).map((minspeed) =>
  line(UPLOAD, `minspeed ${minspeed} is the slowest class allowed, inclusive`, async (t) => {
    const { result } = await reportOf(t, { minspeed });
    t.must(
      result.every(({ speed }) => (speed as number) <= minspeed),
      "no slower engine takes part",
    );
  }),
);

const privateLines = ["maybe", "yes", 1, "", null, false].map((value) =>
  line(UPLOAD, `allow_internet ${JSON.stringify(value)} is false: the private reading`, async (t) => {
    const { result } = await reportOf(t, { allow_internet: value });
    t.must(
      result.every(({ has_internet }) => has_internet === false),
      "no engine that can reach the internet takes part",
    );
  }),
);

export const UPLOAD_LINES: readonly Line[] = [
  ...["/api/v1/sample", "/api/upload"].flatMap((path) => [
    line(UPLOAD, `${path}: JSON is answered with id, hashes and an integer size`, async (t) => {
      const answer = await t.upload({ sample: "QUJD", sample_name: "abc.bin" }, path);
      const { id, hashes, file } = parseBody<UploadAnswer>(answer);
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
      t.must(parseBody<UploadAnswer>(answer).file.size === 3, "the size is the integer 3");
    }),
    line(UPLOAD, `${path}: a form without file_upload is 400`, async (t) =>
      t.refused(await t.send(path, form({ minspeed: "3" })), 400, "missing parameter: file_upload"),
    ),
  ]),
  ...mistakeLines,
  ...acceptedLines,
  ...speedLines,
  ...privateLines,
  line(UPLOAD, "the same bytes under another name are a new scan with that name", async (t) => {
    const [one, two] = [
      await t.upload({ sample: "QUJD", sample_name: "one" }),
      await t.upload({ sample: "QUJD", sample_name: "two" }),
    ];
    t.must(parseBody<UploadAnswer>(two).id > parseBody<UploadAnswer>(one).id, "its id is higher");
    t.must(
      parseBody<RestReport>(await t.send(`/api/v1/sample/${parseBody<UploadAnswer>(two).id}`)).name === "two",
      "its name is the new one",
    );
  }),
  line(
    UPLOAD,
    "a form without minspeed and allow_internet asks the fastest class only, and none that can reach the internet",
    async (t) => {
      const { id } = parseBody<UploadAnswer>(
        await t.send("/api/upload", form({}, { field: "file_upload", name: "f.bin", text: "ABC" })),
      );
      const { result } = parseBody<RestReport>(await t.send(`/api/v1/sample/${id}`));
      t.must(
        result.every(({ speed, has_internet }) => speed === -1 && has_internet === false),
        "every engine is of speed -1 and isolated",
      );
    },
  ),
  line(UPLOAD, "a name has 1,024 characters at most", async (t) => {
    t.must((await t.upload({ sample_name: "n".repeat(1_024) })).status === 200, "1,024 are taken");
    t.refused(await t.upload({ sample_name: "n".repeat(1_025) }), 400, "invalid parameter: sample_name");
  }),
  line(UPLOAD, "control characters in a name are replaced", async (t) => {
    const { name } = await reportOf(t, { sample_name: "a\u0000b\u001bc" });
    t.must(name === "a\ufffdb\ufffdc", "NUL and escape are U+FFFD");
  }),
  line(UPLOAD, "nothing is stored on an error", async (t) => {
    const { hashes } = await t.scan();
    const sample_name = `refused-${hashes.md5}.bin`;
    t.refused(await t.upload({ sample_name, sample: "!" }), 400, "invalid parameter: sample");
    t.refused(await t.send(`/api/search?file_hash=${sample_name}`), 200, "Not found.");
  }),
];
