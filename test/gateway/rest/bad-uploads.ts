/** Uploads that must be refused. */

import { json, without } from "./rest-client.js";

/** A request and how it must be answered; `error` is the whole text. */
export interface Case {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly status: number;
  readonly error?: string | RegExp;
}

const UPLOADS = ["/api/v1/sample", "/api/upload"];
const upload = (what: string, body: string | Buffer, error: string, status = 400, type?: string): Case[] =>
  UPLOADS.map((path) => ({ what, method: "POST", path, body, status, error, ...(type === undefined ? {} : { type }) }));
const changed = (parameter: string, values: readonly unknown[]): Case[] =>
  values.flatMap((value) =>
    upload(`${parameter} ${JSON.stringify(value)}`, json({ [parameter]: value }), `invalid parameter: ${parameter}`),
  );

const form = (...parts: string[]) => `${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`;
const field = (name: string, value: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (name: string, filename: string, value: string) =>
  `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n${value}`;
const FORM = "multipart/form-data; boundary=b";

export const BAD_UPLOADS: readonly Case[] = [
  ...upload("nothing", "", "invalid json"),
  ...upload("half an object", '{"allow_internet":', "invalid json"),
  ...upload("two objects", `${json()}${json()}`, "invalid json"),
  ...upload("a form's text", "allow_internet=True&minspeed=3", "invalid json"),
  ...upload("bytes that are not UTF-8", Buffer.from(json({ sample_name: "\xff" }), "latin1"), "invalid json"),
  ...upload("UTF-16", Buffer.from(json(), "utf16le"), "invalid json"),
  ...upload("single quotes", "{'allow_internet': 'True'}", "invalid json"),
  ...upload("NaN", '{"allow_internet":"True","minspeed":NaN}', "invalid json"),
  ...upload("brackets without end", "[".repeat(60_000), "invalid json"),
  ...upload("a NUL", "\0", "invalid json"),
  ...["[]", "null", "1", '"text"', "true", "{}", '{"__proto__":{"allow_internet":"True"}}', '{"Allow_Internet":"True"}'].flatMap(
    (body) => upload(body, body, "missing parameter: allow_internet"),
  ),
  ...(["allow_internet", "minspeed", "sample", "sample_name"] as const).flatMap((name) =>
    upload(`no ${name}`, without(name), `missing parameter: ${name}`),
  ),
  ...upload("nothing but a wrong minspeed", '{"allow_internet":1,"minspeed":"x"}', "invalid parameter: minspeed"),
  ...changed("minspeed", [
    4,
    -2,
    1e308,
    null,
    "",
    "fast",
    "1.5",
    "0x1",
    "1e3",
    "--1",
    [],
    {},
    [1],
    "9".repeat(5_000),
    "9223372036854775808",
    "\ud800",
  ]),
  ...changed("sample", [
    "!",
    "QUJDQ",
    "QUI",
    "QQ",
    "QQ=",
    "QUJDQUI",
    "Q",
    "QU=JD",
    "=QUJD",
    "QUJD\u0000",
    "ＱＵＪＤ",
    "data:,QUJD",
    7,
    null,
    true,
    [],
    {},
    ["QUJD"],
  ]),
  ...upload("two samples", json().replace(/}$/, ',"s\\u0061mple":"QUJD"}'), "invalid parameter: sample"),
  ...upload("a text and then another sample", json().replace(/}$/, ',"sample":7}'), "invalid parameter: sample"),
  ...upload("a sample with a line feed as it is", '{"sample":"QU\nJD"}', "invalid json"),
  ...upload("a sample with half an escape", '{"sample":"QU\\u00"}', "invalid json"),
  ...upload("a sample that is not UTF-8", Buffer.from('{"sample":"QU\xffJD"}', "latin1"), "invalid json"),
  ...upload("a sample without end", '{"sample":"QUJD', "invalid json"),
  ...upload("a sample after the object", '{"a":1}"sample":"QUJD"', "invalid json"),
  ...upload("padding and then more", json({ sample: `${"=".repeat(50_000)}A` }), "invalid parameter: sample"),
  ...changed("sample_name", [7, null, true, [], {}, "n".repeat(1_025), "😀".repeat(513)]),
  ...upload(
    "a sample over its limit",
    json({ sample: "A".repeat(87_384 + 4) }),
    "a sample sent as base64 may have 65536 bytes",
    413,
  ),
  ...upload(
    "a body over its limit",
    json({ sample: "A".repeat(400_000) }),
    "the body is too large: 163840 bytes are the most",
    413,
  ),

  ...upload("a form without a boundary", form(field("minspeed", "3")), "invalid multipart", 400, "multipart/form-data"),
  ...upload(
    "a form with an empty boundary",
    "----\r\n",
    "missing parameter: file_upload",
    400,
    'multipart/form-data; boundary=""',
  ),
  ...upload("an empty form", "--b--\r\n", "missing parameter: file_upload", 400, FORM),
  ...upload("a form of nothing", "", "invalid multipart", 400, FORM),
  ...upload("a form that is JSON", json(), "invalid multipart", 400, FORM),
  ...upload(
    "a form with another boundary",
    form(file("file_upload", "a", "x")).replaceAll("--b", "--c"),
    "invalid multipart",
    400,
    FORM,
  ),
  ...upload("a form cut off in its file", form(file("file_upload", "a", "xyz")).slice(0, -12), "invalid multipart", 400, FORM),
  ...upload(
    "a form cut off in a file that is passed over",
    form(file("file_upload", "a", "xyz"), file("other", "b", "xyz")).slice(0, -12),
    "invalid multipart",
    400,
    FORM,
  ),
  ...upload("a form cut off in a header", '--b\r\nContent-Disposition: form-data; name="fi', "invalid multipart", 400, FORM),
  ...upload("a file of another name", form(file("file", "a", "x")), "missing parameter: file_upload", 400, FORM),
  ...upload("a file without a name", form(file("", "a", "x")), "missing parameter: file_upload", 400, FORM),
  ...upload("a form with no file chosen", form(file("file_upload", "", "")), "missing parameter: file_upload", 400, FORM),
  ...upload(
    "no file chosen, and another file",
    form(file("file_upload", "", ""), file("other", "b", "y")),
    "missing parameter: file_upload",
    400,
    FORM,
  ),
  ...upload(
    "a second file without a name",
    form(file("file_upload", "a", "x"), file("second", "", "y")),
    "invalid parameter: second",
    400,
    FORM,
  ),
  ...["base64", "quoted-printable"].flatMap((encoding) => [
    ...upload(
      `a file in ${encoding}`,
      form(file("file_upload", "a", "eA==").replace("Content-Type", `Content-Transfer-Encoding: ${encoding}\r\nContent-Type`)),
      `invalid multipart: the part file_upload is sent as ${encoding}: send its bytes as they are`,
      400,
      FORM,
    ),
    ...upload(
      `a text in ${encoding}`,
      form(file("file_upload", "a", "x"), `Content-Transfer-Encoding: ${encoding}\r\n${field("minspeed", "Mw==")}`),
      `invalid multipart: the part minspeed is sent as ${encoding}: send its bytes as they are`,
      400,
      FORM,
    ),
  ]),
  ...upload("a text instead of a file", form(field("file_upload", "x")), "missing parameter: file_upload", 400, FORM),
  ...upload(
    "a wrong minspeed",
    form(file("file_upload", "a", "x"), field("minspeed", "4")),
    "invalid parameter: minspeed",
    400,
    FORM,
  ),
  ...upload(
    "two minspeeds, the first wrong",
    form(field("minspeed", "x"), field("minspeed", "3"), file("file_upload", "a", "x")),
    "invalid parameter: minspeed",
    400,
    FORM,
  ),
  ...upload(
    "two files",
    form(file("file_upload", "a", "x"), file("file_upload", "b", "y")),
    "invalid parameter: file_upload",
    400,
    FORM,
  ),
  ...upload(
    "another file before it",
    form(file("second", "b", "y"), file("file_upload", "a", "x")),
    "invalid parameter: second",
    400,
    FORM,
  ),
  ...upload(
    "more texts than are read, then the file",
    form(...Array.from({ length: 101 }, (_, i) => field(`text${i}`, "x")), file("file_upload", "a", "x")),
    "invalid multipart: more than 100 fields",
    400,
    FORM,
  ),
  ...upload(
    "the file, then more texts than are read",
    form(file("file_upload", "a", "x"), ...Array.from({ length: 101 }, (_, i) => field(`text${i}`, "x"))),
    "invalid multipart: more than 100 fields",
    400,
    FORM,
  ),
  ...upload(
    "more files than are read",
    form(...Array.from({ length: 21 }, (_, i) => file(`file${i}`, "a", "x"))),
    "invalid multipart: more than 20 files",
    400,
    FORM,
  ),
  ...upload(
    "too long a text",
    form(field("minspeed", "3".repeat(65_537)), file("file_upload", "a", "x")),
    "invalid multipart: a field of more than 65536 bytes",
    400,
    FORM,
  ),
  ...upload("too long a name", form(file("file_upload", "n".repeat(1_025), "x")), "invalid parameter: file_upload", 400, FORM),
  ...upload(
    "a file over the limit",
    form(file("file_upload", "a", "x".repeat(1_048_577))),
    "the sample is larger than 1048576 bytes",
    413,
    FORM,
  ),
];
