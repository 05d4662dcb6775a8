import { describe, expect, test } from "vitest";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";

/** What the plugins of the malice family that are no antivirus print. */
const said = (stdout: unknown, { exitCode = 0, stderr = "" } = {}) =>
  parseMalice({ exitCode, stdout: typeof stdout === "string" ? stdout : `${JSON.stringify(stdout)}\n`, stderr });

describe("fileinfo", () => {
  const report = {
    magic: { mime: "application/x-dosexec", description: "PE32 executable (GUI) Intel 80386, for MS Windows" },
    ssdeep: "1536:bwOnbNQKLjWDyy1o5I0:RNQKPWDy",
    trid: ["52.9% (.EXE) Win32 Executable"],
    exiftool: { FileType: "Win32 EXE", MachineType: "Intel 386 or later, and compatibles" },
  };

  test("describes a file and states no verdict", () => {
    expect(said(report)).toEqual({ state: "DONE", verdict: null, signature: null, error: null, details: report });
  });

  test("may lack what a tool did not find, and log the tool's error", () => {
    const stderr = 'time="2019-07-08T13:42:45Z" level=error msg="exit status 1" plugin=fileinfo\n';
    expect(said({ ...report, trid: null, exiftool: null }, { stderr }).details).toEqual({ ...report, trid: [], exiftool: {} });
  });
});

describe("yara", () => {
  const match = (Rule: string, Meta: Record<string, unknown> | null = {}) => ({
    Rule,
    Namespace: "malware.yar",
    Tags: null,
    Meta,
    Strings: [{ Name: "$a", Offset: 0, Data: "TVo=" }],
  });

  test.each([null, []])("without a match (%j) states nothing", (matches) => {
    expect(said({ yara: { matches } })).toMatchObject({ state: "DONE", verdict: null, details: { yara: { matches: [] } } });
  });

  test("with a match states no verdict, unless the rule has one", () => {
    expect(said({ yara: { matches: [match("UPX")] } })).toMatchObject({
      verdict: null,
      signature: null,
      details: { yara: { matches: [match("UPX")] } },
    });
    const both = [match("Packed", { verdict: "suspicious" }), match("Eicar", { verdict: "infected" })];
    expect(said({ yara: { matches: both } })).toMatchObject({ verdict: "INFECTED", signature: "Eicar" });
    expect(said({ yara: { matches: both.slice(0, 1) } })).toMatchObject({ verdict: "SUSPICIOUS", signature: "Packed" });
    expect(said({ yara: { matches: [match("NoMeta", null)] } }).verdict).toBeNull();
  });
});

describe("floss", () => {
  const none = { message: "", type: "" };

  test("lists strings", () => {
    const floss = {
      ascii: ["!This program cannot be run in DOS mode."],
      "utf-16": ["VS_VERSION_INFO"],
      decoded: ["http://198.51.100.7"],
    };
    expect(said({ floss, error: none })).toMatchObject({ state: "DONE", verdict: null, details: { floss } });
    expect(said({ floss, error: none }).details).not.toHaveProperty("error");
  });

  test("says which files it is not made for", () => {
    const message = "FLOSS currently supports the following formats for string decoding and stackstrings: PE";
    expect(said({ floss: { ascii: ["x"] }, error: { message, type: "" } })).toMatchObject({
      state: "UNSCANNED",
      error: `unsupported type: ${message}`,
      details: { floss: { ascii: ["x"] } },
    });
  });

  test("that failed has failed", () => {
    expect(said({ floss: {}, error: { message: "vivisect gave up", type: "Exception" } })).toMatchObject({
      state: "FAILED",
      error: "Exception: vivisect gave up",
    });
  });
});

describe("pescan", () => {
  const report = {
    info: { machine_type: "0x14c (IMAGE_FILE_MACHINE_I386)", entrypoint: "0x5a46", number_of_sections: 1 },
    peid: [],
    language: "C",
    imphash: "a2cee99c7e42d671d47e3fb71c71bda4",
    imports: [{ "KERNEL32.DLL": [{ name: "CreatePipe", address: "0x40604c" }] }],
    is_packed: false,
    pehash: "884bf0684addc269d641efb74e0fcb88267211da",
    signature: { heuristic: "No file signature data found" },
    sections: [{ name: ".text", entropy: 5.98, md5: "9062ff3acdff9ac80cd9f97a0df42383" }],
    resources: [],
  };

  test("describes a program and states no verdict", () => {
    expect(said(JSON.stringify({ ...report, markdown: "#### PE" }, null, 1))).toMatchObject({
      state: "DONE",
      verdict: null,
      details: report,
    });
    expect(said({ ...report, markdown: "#### PE" }).details).not.toHaveProperty("markdown");
  });

  test.each([0, 1])("of what is no program is unscanned, with exit status %i", (exitCode) => {
    const stderr = [
      "2019-07-08 13:42:45,101 - pescan - ERROR - failed to run malice plugin: pe",
      "Traceback (most recent call last):",
      '  File "/usr/sbin/pescan", line 87, in scan',
      "    pe = pefile.PE(file_path)",
      "pefile.PEFormatError: 'DOS Header magic not found.'",
      "",
    ].join("\n");
    expect(said("", { exitCode, stderr })).toMatchObject({
      state: "UNSCANNED",
      error: "unsupported type: pefile.PEFormatError: 'DOS Header magic not found.'",
    });
  });

  test("with another exception has failed", () => {
    const stderr = 'Traceback (most recent call last):\n  File "pescan"\nMemoryError\n';
    expect(said("", { stderr })).toMatchObject({ state: "FAILED", error: "MemoryError" });
  });
});

describe("a look-up", () => {
  const hash = "6B82F126555E7644816DF5D4E4614677EE0BDACC";

  test.each([true, false])("by nsrl: found %j", (found) => {
    expect(said({ nsrl: { found, hash } })).toEqual({
      state: "DONE",
      verdict: null,
      signature: null,
      error: null,
      details: { known: found, found, hash },
    });
  });

  test.each(["shadow_server", "shadow-server"])("by %s keeps what it found", (name) => {
    const answer = {
      found: true,
      sandbox: { metadata: { type: "exe" }, antivirus: { Clam: "Trojan.Downloader-50691" } },
      whitelist: null,
    };
    expect(said({ [name]: answer })).toMatchObject({ state: "DONE", verdict: null, details: { known: true, ...answer } });
  });

  test("by virustotal keeps the report, which states no verdict of ours", () => {
    const report = { response_code: 1, positives: 58, total: 60, scans: { ClamAV: { detected: true, result: "Eicar" } } };
    const outcome = said({ ...report, markdown: "#### VirusTotal" });
    expect(outcome).toMatchObject({ state: "DONE", verdict: null, details: { known: true, ...report } });
    expect(outcome.details).not.toHaveProperty("markdown");
  });

  test.each([0, -2])("by virustotal of what it does not know (response code %i) has found nothing", (response_code) => {
    const verbose_msg = "The requested resource is not among the finished, queued or pending scans";
    expect(said({ response_code, verbose_msg, resource: hash })).toMatchObject({
      state: "DONE",
      verdict: null,
      details: { known: false },
    });
  });

  test.each(["stdout", "stderr"])("over virustotal's limit has failed for that reason (%s)", (stream) => {
    const line = 'time="2019-07-08T13:42:45Z" level=fatal msg="Used more than 4 queries per minute"\n';
    const outcome = parseMalice({ exitCode: 1, stdout: "", stderr: "", [stream]: line });
    expect(outcome).toMatchObject({ state: "FAILED", error: "rate limit: Used more than 4 queries per minute" });
  });

  test("with a key that virustotal refuses has failed", () => {
    const stderr = 'time="x" level=info msg="Request did not return OK"\npanic: assignment to entry in nil map\n';
    expect(said("", { exitCode: 2, stderr })).toMatchObject({ state: "FAILED", error: "panic: assignment to entry in nil map" });
    expect(said({ response_code: -1, verbose_msg: "Invalid resource" }).error).toBe("response code -1: Invalid resource");
  });
});

test("what is only logged as information does not matter", () => {
  const stderr = 'time="2019-07-08T13:42:45Z" level=warning msg="no database" plugin=nsrl\n';
  expect(said({ nsrl: { found: false, hash: "A" } }, { stderr }).state).toBe("DONE");
});
