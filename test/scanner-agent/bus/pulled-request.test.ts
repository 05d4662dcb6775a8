import { expect, test } from "vitest";
import { readAckSubject } from "../../../scanner-agent/bus/pulled-request.js";

test.each([
  ["$JS.ACK.SCANS.clamav.3.17.5.1795378610411371253.0", 3],
  ["$JS.ACK.hub.ACCT.SCANS.clamav.4.17.5.1795378610411371253.0.rnd", 4],
  ["$JS.ACK._.ACCT.SCANS.clamav.1.17.5.1795378610411371253.0", 1],
])("the delivery count of %s and its sequence", (reply, deliveries) => {
  expect(readAckSubject(reply)).toEqual({ deliveries, sequence: 17 });
});

test.each(["", "_INBOX.x.1", "$JS.ACK.SCANS.clamav.x.17.5.1.0", "$JS.ACK.SCANS.clamav.3"])(
  "%j is no acknowledgement subject",
  (reply) => {
    expect(readAckSubject(reply)).toBeUndefined();
  },
);
