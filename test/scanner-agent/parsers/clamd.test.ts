import { describe, expect, test } from "vitest";
import { parseClamd } from "../../../scanner-agent/parsers/clamd.js";

/** Replies of clamd 1.4 to zINSTREAM, as they came over the socket. */
const reply = (stdout: string) => parseClamd({ exitCode: 0, stdout, stderr: "" });

describe("clamd's reply", () => {
  test("a complete OK is clean", () => {
    expect(reply("stream: OK\0")).toEqual({ state: "DONE", verdict: "CLEAN", signature: null, error: null, details: null });
  });

  test("a signature is infected", () => {
    expect(reply("stream: Eicar-Test-Signature.UNOFFICIAL FOUND\0")).toMatchObject({
      state: "DONE",
      verdict: "INFECTED",
      signature: "Eicar-Test-Signature.UNOFFICIAL",
    });
  });

  test.each([
    [
      "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
      "over a limit of ClamAV (Heuristics.Limits.Exceeded.MaxFileSize)",
      "TOO_LARGE",
    ],
    [
      "stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND\0",
      "over a limit of ClamAV (Heuristics.Limits.Exceeded.MaxScanTime)",
      "TOO_LARGE",
    ],
    ["stream: Heuristics.Encrypted.Zip FOUND\0", "encrypted (Heuristics.Encrypted.Zip)", "ENCRYPTED"],
  ])("%j is unscanned, never clean or infected", (text, error, cause) => {
    expect(reply(text)).toEqual({ state: "UNSCANNED", verdict: null, signature: null, error, cause, details: null });
  });

  test.each([
    "",
    "stream: OK",
    "stream: O",
    "stream: OK\0stream: OK\0",
    "stream: OK\nstream: X FOUND\0",
    "OK\0",
    "UNKNOWN COMMAND\0",
    "stream: Can't allocate memory ERROR\0",
    "INSTREAM size limit exceeded. ERROR\0",
    "stream:  FOUND",
    "PONG\0",
  ])("%j is failed", (text) => {
    const outcome = reply(text);
    expect(outcome).toMatchObject({ state: "FAILED", verdict: null });
    expect(outcome.error).not.toBe("");
  });

  test.each(["stream:  FOUND\0", "stream: FOUND\0", "stream: (null) FOUND\0", "stream:     FOUND\0"])(
    "%j is infected, by a signature without a name",
    (text) => expect(reply(text)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: null }),
  );

  test("clamd's own reason is kept", () => {
    expect(reply("INSTREAM size limit exceeded. ERROR\0").error).toBe("INSTREAM size limit exceeded.");
  });
});
