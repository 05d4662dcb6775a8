import { expect, test } from "vitest";
import { parseFileInfo } from "../../../scanner-agent/parsers/fileinfo.js";

const ANSWER = {
  magic: { mime: "text/plain", description: "ASCII text" },
  ssdeep: "3:iKFSMPv:rJPv",
  trid: [],
  exiftool: { FileType: "TXT" },
  missing: ["trid"],
  md5: "m",
  sha1: "s",
  sha256: "h",
  entropy: 3.1,
  size: 12,
};

test("what FileInfo found is kept and states no verdict", () => {
  const outcome = parseFileInfo({ exitCode: 0, stdout: JSON.stringify(ANSWER), stderr: "" });
  expect(outcome).toEqual({ state: "DONE", verdict: null, signature: null, error: null, details: ANSWER });
});

test.each([JSON.stringify({ ...ANSWER, missing: undefined }), JSON.stringify({ ...ANSWER, verdict: "CLEAN" }), "", "{"])(
  "%j is failed",
  (stdout) => {
    expect(parseFileInfo({ exitCode: 0, stdout, stderr: "" })).toMatchObject({ state: "FAILED", verdict: null });
  },
);

test("a failure shows the last line of what was printed", () => {
  expect(parseFileInfo({ exitCode: 2, stdout: "", stderr: "loading\nno memory\n" }).error).toBe("exit status 2: no memory");
});
