import { describe, expect, it } from "vitest";
import { readFormPart } from "../../../gateway/http/form-part.js";

const part = (disposition: string, more: Record<string, string> = {}) => {
  const headers = { "content-disposition": `form-data; ${disposition}`, ...more };
  return readFormPart(
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [Buffer.from(value).toString("latin1")]])),
  );
};
const fileName = (disposition: string) => part(`name="file_upload"; ${disposition}`)?.fileName;

describe("the name of a form's file", () => {
  it.each([
    ['filename="a.exe"', "a.exe"],
    ["filename=a.exe", "a.exe"],
    ['FileName = "a b;c.exe" ; x=y', "a b;c.exe"],
    ['filename="café 価格.exe"', "café 価格.exe"],
    // filename* counts before filename, whichever comes first
    [`filename="=?utf-8?B?Y2Fmw6kuZXhl?="; filename*=utf-8''caf%C3%A9.exe`, "café.exe"],
    [`filename*=UTF-8'en'caf%c3%a9.exe; filename="cafe.exe"`, "café.exe"],
    ["filename*=iso-8859-1''caf%E9.exe", "café.exe"],
    [`filename="plain.exe"; filename*=utf-8''%zz`, "plain.exe"],
    [`filename="plain.exe"; filename*=utf-8''%ff`, "plain.exe"],
    [`filename="plain.exe"; filename*=no-such-set''a`, "plain.exe"],
    [`filename="plain.exe"; filename*=bare`, "plain.exe"],
    [`filename*0="long "; filename*1="name.exe"`, "long name.exe"],
    [`filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2="100%.exe"`, "café100%.exe"],
    // encoded words
    ['filename="=?utf-8?B?Y2Fmw6kuZXhl?="', "café.exe"],
    ['filename="=?UTF-8?q?caf=C3=A9_1.exe?="', "café 1.exe"],
    ['filename="=?iso-8859-1?Q?caf=E9.exe?="', "café.exe"],
    ['filename="=?utf-8?B?Y2Fmw6k=?= =?utf-8?B?LmV4ZQ==?="', "café.exe"],
    ['filename="=?utf-8*en?Q?caf=C3=A9?=.exe"', "café.exe"],
    ['filename="=?utf-8?Q?=FF?=.exe"', "=?utf-8?Q?=FF?=.exe"],
    ['filename="=?none?Q?a?=.exe"', "=?none?Q?a?=.exe"],
    // what browsers write
    ['filename="a%22b.exe"', 'a"b.exe'],
    ['filename="a%0D%0Ab%0a.exe"', "a\r\nb\n.exe"],
    ['filename="100%25 %41.exe"', "100%25 %41.exe"],
    // backslashes
    ['filename="we\\ird.exe"', "we\\ird.exe"],
    ['filename="we\\\\ird.exe"', "we\\ird.exe"],
    ['filename="we\\"ird.exe"', 'we"ird.exe'],
    ['filename="ends in \\"', "ends in \\"],
    ['filename="C:\\fakepath\\a.exe"', "C:\\fakepath\\a.exe"],
    // folders
    ['filename="a/b/c.exe"', "c.exe"],
    ['filename="dir/"', "dir"],
    ['filename="/"', "unnamed"],
    ['filename=" "', "unnamed"],
    ['filename=".."', ".."],
    ['filename="without an end', "without an end"],
  ])("%s is %j", (disposition, name) => expect(fileName(disposition)).toBe(name));

  it("is empty where none was chosen, and missing for a text", () => {
    expect(fileName('filename=""')).toBe("");
    expect(part('name="minspeed"')).toEqual({
      field: "minspeed",
      fileName: undefined,
      charset: "utf-8",
      transferEncoding: undefined,
    });
    expect(part('name="f"', { "content-type": "application/octet-stream" })?.fileName).toBe("unnamed");
  });

  it("takes no longer for hostile headers", () => {
    const start = process.cpuUsage();
    for (const text of ["\\", '\\"', "=?", "?= ", ";", "/", "=?a?b?", "%", "'"]) {
      fileName(`filename="${text.repeat(40_000)}`);
      fileName(`filename*=utf-8''${text.repeat(40_000)}x`);
    }
    // Processor time, which a busy machine does not change.
    expect(process.cpuUsage(start).user / 1_000).toBeLessThan(2_000);
  });
});

describe("how the bytes of a part are sent", () => {
  it.each(["", "7bit", "8BIT", " binary "])("%j is as they are", (encoding) =>
    expect(part('name="f"', { "content-transfer-encoding": encoding })?.transferEncoding).toBeUndefined(),
  );
  it.each(["base64", "BASE64", "quoted-printable", "x-uuencode"])("%j is another way", (encoding) =>
    expect(part('name="f"', { "content-transfer-encoding": encoding })?.transferEncoding).toBe(encoding.toLowerCase()),
  );
});

it("a part that is none of a form is told apart", () => {
  expect(readFormPart({})).toBeUndefined();
  expect(readFormPart({ "content-disposition": ['attachment; name="f"'] })).toBeUndefined();
});
