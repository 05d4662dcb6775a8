/** Scans as they are accepted, without a gateway. */

import { openCaller } from "../../../gateway/caller.js";
import { acceptScans } from "../../../gateway/db/accept.js";
import type { NewScan } from "../../../gateway/db/accept-rows.js";
import type { Database } from "../../../gateway/db/database.js";
import type { AnnouncedFingerprints } from "../../../gateway/db/reuse.js";

/** Accepts a scan of the sample with that row, which must be stored; its id. */
export async function acceptScan(
  db: Database,
  { sampleId = 1, ...scan }: Partial<NewScan> & Pick<NewScan, "expected"> & { readonly sampleId?: number },
  announced: AnnouncedFingerprints = [],
): Promise<number> {
  const accepted = await acceptScans(
    db,
    [
      {
        scans: [
          {
            sample: { sampleId, sha256: "a".repeat(64) },
            name: "a",
            speed: "ALL",
            internet: false,
            deadlineMs: 60_000,
            skipped: [],
            ...scan,
          },
        ],
        caller: openCaller("here", "accepting"),
      },
    ],
    { announced },
  );
  const [inserted] = accepted.scans;
  if (!inserted) throw new Error("nothing was accepted");
  return inserted.scanId;
}
