/** The shapes of the REST API as clients see them. Those with an id get their own entry in the OpenAPI document. */

import { z } from "zod";
import { hashText } from "../../schema/hashes.js";
import { ResultCause } from "../../schema/states.js";
import { inWords } from "./report.js";

const asctime = z
  .string()
  .regex(/^\w{3} \w{3} [ 1-3]\d \d\d:\d\d:\d\d \d{4}$/)
  .describe("A date as C's `asctime` writes it, in the gateway's time zone, e.g. `Mon Jul  8 13:42:45 2019`.");
const hashes = { md5: hashText("md5"), sha1: hashText("sha1"), sha256: hashText("sha256") };
const bit = z.union([z.literal(0), z.literal(1)]);
const speed = z.number().int().min(-1).max(2).describe("-1 ultra, 0 fast, 1 medium, 2 slow.");
const pluginType = z.number().int().min(1).max(4).describe("1 AV, 2 METADATA, 3 INTEL, 4 FILE_FORMATS.");
const CAUSE = `Why it did not finish, or did not look into all of the sample, for programs, where that is known: ${Object.keys(
  ResultCause,
)
  .map((cause) => `\`${inWords(cause)}\``)
  .join(", ")}. Others may follow.`;
const count = z.number().int().nonnegative();

export const ScanId = z.number().int().positive().describe("The scan's id: MultiAV2's report id.");

const listed = {
  id: ScanId,
  name: z.string().describe("The file's name as it was sent."),
  ...hashes,
  size: z.string().regex(/^\d+$/).describe("Bytes, as a string."),
  start_date: asctime,
  end_date: asctime.nullable().describe("Null until the scan is complete."),
};

export const ListedScanEntry = z.strictObject(listed).meta({ id: "ListedScan" });

const milliseconds = z.number().nullable();

export const EngineEntry = z
  .looseObject({
    name: z.string(),
    plugin_type: pluginType,
    speed,
    has_internet: z.boolean().describe("Whether the engine can reach the internet while it scans."),
    queued: bit,
    scanning: bit,
    infected: z
      .union([z.boolean(), z.literal("")])
      .describe('`""` while pending and where the engine did not finish: a failure is never `false`.'),
    result: z.string().describe("The signature's name; empty while pending and when clean."),
    verdict: z.enum(["clean", "suspicious", "infected"]).nullable(),
    engine: z.string().describe('The engine\'s version; `""` while pending, `"-"` on error.'),
    updated: z.string().describe('Date or version of the signatures; `""` while pending, `"-"` on error.'),
    database: z.string().optional().describe("Version of the signatures, where the engine gives one."),
    stale: z
      .literal(true)
      .optional()
      .describe("Only where an antivirus engine's signatures were older than its manifest allows, 7 days by default."),
    error: z.string().optional().describe("Only where the engine did not finish: why."),
    cause: z.string().optional().describe(CAUSE),
    cause_text: z
      .string()
      .optional()
      .describe("The same for people, e.g. `looked at the file itself, not into what is packed in it`."),
    suppressed: z
      .array(z.strictObject({ signature: z.string(), reason: z.string().describe("Why it was suppressed.") }))
      .optional()
      .describe("Only where the engine found signatures that an operator has suppressed: these do not count."),
    ran: z
      .strictObject({
        agent: z.string(),
        image: z.string().nullable().describe("Id of the container image."),
        image_digest: z.string().nullable().describe("The digest by which a registry knows the image."),
        exit_code: z.number().int().nullable().describe("Of a program, 128 + n if signal n ended it."),
        waiting_ms: milliseconds.describe("From the scan's start to the end of the result, without the other three."),
        fetching_ms: milliseconds.describe("Until the agent had the sample."),
        starting_ms: milliseconds.describe("Until there was something to give the sample to, such as a container."),
        scanning_ms: milliseconds.describe("Until the engine had answered or was ended."),
      })
      .optional()
      .describe("Where a result comes from and where its time went; in reports of one scan, once the engine has ended."),
  })
  .meta({ id: "EngineEntry" });

const report = {
  ...listed,
  infected: z.literal(-1).describe("Always -1; see `verdict`."),
  verdict: z
    .enum(["inconclusive", "clean", "suspicious", "infected"])
    .nullable()
    .describe("Null until something can be said; clean only if every antivirus engine says so."),
  detections: count.describe("Engines that call the sample infected or suspicious."),
  engines: z
    .strictObject({ total: count, done: count, skipped: count })
    .describe("How many engines take part, are done, were left out."),
  skipped: z
    .array(z.strictObject({ name: z.string(), reason: z.string() }))
    .describe(
      "The engines that were left out, each with its reason: `too slow`, `internet forbidden`, `disabled`, `not selected`, `unsupported type` or `unhealthy`.",
    ),
  stale: z.boolean().describe("Whether an antivirus engine's signatures were too old when it answered. The verdict stays."),
  proof: z
    .strictObject({
      text: z.string().describe("All of it in one sentence for people; of an open scan also which engines it waits for."),
      advice: z
        .string()
        .optional()
        .describe("What to do about it, for whoever has the file; only where there is something to do."),
      detected_by: z.array(z.string()).describe("Engines that say infected or suspicious."),
      clean_by: z.array(z.string()).describe("Antivirus engines that scanned the whole sample and found nothing."),
      antivirus_asked: z.boolean().describe("Without an antivirus engine no sample is clean."),
      barriers: z
        .array(
          z.strictObject({
            name: z.string(),
            text: z.string().describe("Why, in a sentence for people."),
            state: z.string(),
            cause: z.string().optional().describe(CAUSE),
            error: z.string().optional(),
          }),
        )
        .describe("Engines because of which it is not clean: they did not finish, or are `unhealthy` and were not asked."),
      absent: z
        .array(z.string())
        .describe("Engines that no present agent has, or none ever ran. They do not matter to the verdict."),
    })
    .describe("Why it has its verdict."),
  result: z.array(EngineEntry).describe("Every engine of the scan from the first moment, in the order of their names."),
};

export const Report = z.strictObject(report).meta({ id: "Report" });
export const OldReport = z.strictObject({ ...report, report_id: ScanId.describe("The same as `id`.") }).meta({ id: "OldReport" });

export const Uploaded = z
  .strictObject({
    id: ScanId,
    hashes: z.strictObject(hashes),
    file: z.strictObject({ name: z.string(), size: count.describe("Bytes, as an integer.") }),
  })
  .meta({ id: "Uploaded" });

export const UploadHeaders = z.object({
  "Idempotency-Key": z
    .string()
    .max(255)
    .optional()
    .describe(
      "1 to 255 printable ASCII characters. The same upload sent again with the same key within 24 hours gives the scan that it gave first.",
    ),
});

export const Scanner = z
  .strictObject({
    name: z.string(),
    plugin_type: pluginType,
    speed,
    has_internet: z.boolean(),
    enabled: z.boolean(),
    engine_version: z.string().nullable(),
    signature_version: z.string().nullable(),
  })
  .meta({ id: "Scanner" });

/** The meaning of a 504. */
export const SEARCH_TIMEOUT = "The scans took longer to find than the gateway's `SCANMESH_LIST_TIMEOUT`.";

export const Failure = z.strictObject({ error: z.string() }).meta({ id: "Failure" });

export const JsonUpload = z
  .looseObject({
    allow_internet: z.union([z.string(), z.boolean()]).describe("True for `true` in any case; every other value is false."),
    minspeed: z
      .union([z.number(), z.string(), z.boolean()])
      .describe(
        "The slowest class allowed, inclusive: -1 ultra, 0 fast, 1 medium, 2 slow, 3 all. Any text that Python's `int()` takes.",
      ),
    sample: z.string().describe("Base64; white space and a `data:` prefix are taken, missing padding is not."),
    sample_name: z.string().max(1_024),
  })
  .meta({ id: "JsonUpload" });

export const FormUpload = z
  .looseObject({
    file_upload: z.string().meta({ description: "The file.", format: "binary" }),
    minspeed: z.string().optional().describe("As in JSON; -1 if it is not there."),
    allow_internet: z.string().optional().describe("As in JSON; false if it is not there."),
  })
  .meta({ id: "FormUpload" });
