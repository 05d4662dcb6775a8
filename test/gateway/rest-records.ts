/** A scan and a result as `gateway/db` gives them, for tests of how they are shown. */

import type { ResultRecord, ScanReport } from "../../schema/reports.js";

export const DONE: ResultRecord = {
  scanId: 7,
  engine: "ClamAV",
  type: "AV",
  speed: "ULTRA",
  internet: false,
  state: "DONE",
  verdict: "CLEAN",
  signature: null,
  error: null,
  engineVersion: "1.4.3",
  signatureVersion: "27000",
  signatureDate: new Date("2026-07-01T10:00:00Z"),
  imageId: null,
  imageDigest: null,
  agent: "a",
  startedAt: null,
  endedAt: null,
  durationMs: 3,
  details: null,
  truncated: false,
};

export const SCAN: ScanReport = {
  scanId: 7,
  name: "sample.exe",
  speed: "ALL",
  internet: false,
  startDate: new Date("2019-07-08T13:42:45Z"),
  deadline: new Date("2019-07-08T13:57:45Z"),
  endDate: null,
  verdict: null,
  done: 1,
  total: 2,
  detections: 0,
  revision: 3,
  skipped: [{ engine: "Floss", reason: "TOO_SLOW" }],
  sample: {
    sampleId: 1,
    md5: "m",
    sha1: "s1",
    sha256: "s256",
    size: 537043,
    mime: "text/plain",
    stored: true,
    firstSeen: new Date(0),
  },
  results: [DONE],
};
