import { expect, test } from "vitest";
import { explainOutdated as explainFreshclam } from "../../../scanner-agent/fetcher/freshclam-output.js";
import { explainOutdated, readClamdStart } from "../../../scanner-agent/parsers/clamd-start.js";

/** Of clamd 1.4.6 with a database that asks for functionality level 999: its standard error, then its log. */
const RECORDED = `LibClamAV Warning: *******************************************************************
LibClamAV Warning: ***  This version of the ClamAV engine is outdated.             ***
LibClamAV Warning: ***   Read https://docs.clamav.net/manual/Installing.html       ***
LibClamAV Warning: *******************************************************************
+++ Started at Mon Nov 30 15:17:14 2026
Reading databases from /tmp/signatures
Not loading PUA signatures.
Bytecode: Security mode set to "TrustSigned".
Loaded 2057312 signatures.
`;

test("clamd says that it is too old, and how many signatures it has loaded", () => {
  const start = readClamdStart(RECORDED);
  expect(start).toEqual({ isOutdated: true, loaded: 2_057_312 });
  const heads = [
    { name: "main.cvd", signatures: 100_000, level: 90 },
    { name: "daily.cvd", signatures: 2_000_000, level: 999 },
  ];
  expect(explainOutdated("1.4.6", start, heads)).toBe(
    "ClamAV 1.4.6 is too old for its signatures: update the package. daily.cvd is made for functionality level 999. It has loaded 2057312 of 2100000 signatures.",
  );
  expect(explainOutdated(null, { isOutdated: true, loaded: null }, [])).toBe(
    "ClamAV is too old for its signatures: update the package.",
  );
});

test("one that is new enough says nothing of it, whatever a sample is called", () => {
  const quiet = RECORDED.split("\n").slice(4).join("\n");
  const said = `${quiet}instream(local): This version of the ClamAV engine is outdated. FOUND\n`;
  expect(readClamdStart(said)).toEqual({ isOutdated: false, loaded: 2_057_312 });
  expect(explainOutdated("1.4.6", readClamdStart(said), [])).toBeUndefined();
  expect(readClamdStart("")).toEqual({ isOutdated: false, loaded: null });
});

test("freshclam names the versions where DNS tells them", () => {
  const output = "WARNING: Your ClamAV installation is OUTDATED!\nWARNING: Local version: 1.0.3 Recommended version: 1.4.3\n";
  expect(explainFreshclam({ exitCode: 0, output })).toBe(
    "freshclam says that the fetcher's ClamAV is outdated (1.0.3; 1.4.3 is recommended): update it before its mirrors refuse it.",
  );
  expect(explainFreshclam({ exitCode: 0, output: "daily.cvd database is up-to-date\n" })).toBeUndefined();
});
