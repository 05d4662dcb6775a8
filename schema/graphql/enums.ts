/** The enums of the GraphQL schema. Values are those of the contract; every one of them is described. */

import { registerEnumType } from "type-graphql";
import { EngineSpeed, InternetClass, PluginType, Speed } from "../classes.js";
import { ClosedState } from "../closed.js";
import { AgentState } from "../control.js";
import { Priority } from "../scan-options.js";
import { EngineVerdict, ResultCause, ResultState, SkipReason, Verdict } from "../states.js";
import { DeliveryState, WebhookEvent } from "../webhooks.js";

const SPEEDS = {
  ULTRA: { description: "Answers in well under a second." },
  FAST: { description: "Answers in about a second." },
  MEDIUM: { description: "Takes seconds." },
  SLOW: { description: "May take minutes." },
};

registerEnumType(Speed, {
  name: "Speed",
  description: "The slowest class of engines that a scan allows, inclusive.",
  valuesConfig: { ...SPEEDS, ALL: { description: "No cap." } },
});
export { Speed };

registerEnumType(Priority, {
  name: "Priority",
  description: "The priority of a scan.",
  valuesConfig: {
    NORMAL: { description: "In the order in which scans are accepted." },
    BULK: {
      description:
        "It waits until the other requests that wait for its engines would fill less than two slots' worth; its deadline holds nonetheless.",
    },
  },
});
export { Priority };

registerEnumType(EngineSpeed, {
  name: "EngineSpeed",
  description: "An engine's speed class, fastest first.",
  valuesConfig: SPEEDS,
});
export { EngineSpeed };

/** The internet classes by their GraphQL names. */
export const InternetClassName = { ISOLATED: InternetClass.isolated, INTERNET: InternetClass.internet } as const;
registerEnumType(InternetClassName, {
  name: "InternetClass",
  description: "Whether engines can reach the internet while they scan.",
  valuesConfig: {
    ISOLATED: { description: "They cannot; samples stay in the mesh." },
    INTERNET: { description: "They can; only scans that allow it are sent to them." },
  },
});

registerEnumType(PluginType, {
  name: "PluginType",
  description: "The kind of an engine, by what it answers.",
  valuesConfig: {
    AV: { description: "Antivirus; always has a verdict." },
    METADATA: { description: "Facts about the file; Yara rules can have a verdict." },
    INTEL: { description: "What others know about the hash of the file." },
    FILE_FORMATS: { description: "Contents of the file format." },
  },
});
export { PluginType };

/** What an engine is given, by its GraphQL names. */
export const EngineInput = { FILE: "file", HASH: "hash" } as const;
registerEnumType(EngineInput, {
  name: "EngineInput",
  description: "What an engine gets of a sample.",
  valuesConfig: { FILE: { description: "Its bytes." }, HASH: { description: "Its hashes only." } },
});

registerEnumType(ResultState, {
  name: "ResultState",
  description:
    "How far an engine is with a scan. QUEUED and SCANNING are open, the others final. A result only moves up, in this order: " +
    "QUEUED, SCANNING, CANCELLED, NO_AGENT, TIMEOUT, FAILED, UNSCANNED, DONE.",
  valuesConfig: {
    QUEUED: { description: "Waits for an agent." },
    SCANNING: { description: "An agent is running the engine." },
    CANCELLED: { description: "Cancelled before the engine answered." },
    NO_AGENT: {
      description:
        "No agent has this engine any more, or it works on none that has it, or the deadline passed and no agent had it.",
    },
    TIMEOUT: { description: "The engine did not answer in time." },
    FAILED: { description: "The engine failed; `error` says how. Never to be read as clean." },
    UNSCANNED: { description: "The engine could not scan all of the sample; `error` says why." },
    DONE: { description: "The engine answered." },
  },
});
export { ResultState };

registerEnumType(ResultCause, {
  name: "ResultCause",
  description: "Why an engine did not finish with a sample, for programs.",
  valuesConfig: {
    CRASHED_REPEATEDLY: { description: "It ended its agent five times on this sample and is not run again." },
    ENGINE_ERROR: {
      description: "It failed: it says so, its exit status does, it crashed, or it exceeded a limit on its memory or output.",
    },
    UNPARSABLE_OUTPUT: { description: "It ended well, and what it printed is not understood." },
    TIME_LIMIT: { description: "It took too long." },
    RATE_LIMITED: { description: "The service that it asks answers no more questions now." },
    SAMPLE_UNAVAILABLE: { description: "It was not given the sample: the mesh does not have its bytes, or they are damaged." },
    TOO_LARGE: { description: "The sample, or what it unpacks to, is over a limit of the engine." },
    ENCRYPTED: { description: "The sample, or something in it, is encrypted." },
    UNSUPPORTED_TYPE: {
      description:
        "The engine does not read files of this type, or something in the sample is packed in a way that it does not open.",
    },
    DAMAGED: { description: "The sample, or something in it, is cut off or contradicts itself." },
    NOT_INSPECTED: {
      description: "The engine found nothing, and what is closed to engines in the sample could not be found out.",
    },
    AGENT_TOO_OLD: {
      description: "The engine found nothing, and its agent is too old to find out what is closed to engines in a sample.",
    },
    SUPPRESSED: {
      description: "The engine found a signature that is suppressed, and does not tell whether it would have found another.",
    },
  },
});
export { ResultCause };

registerEnumType(ClosedState, {
  name: "ClosedState",
  description: "Why something in a sample is closed to an engine.",
  valuesConfig: {
    ENCRYPTED: { description: "It is encrypted." },
    DAMAGED: { description: "It is cut off or contradicts itself." },
    UNSUPPORTED: { description: "It is packed in a way that the engine does not open." },
    LIMIT: { description: "It is nested deeper, or larger once unpacked, than the engine or its agent looks." },
  },
});
export { ClosedState };

registerEnumType(Verdict, {
  name: "Verdict",
  description: "The verdict of a scan on its sample.",
  valuesConfig: {
    INCONCLUSIVE: {
      description: "Nothing was found, but the sample is not proven clean: no antivirus engine took part, or one did not finish.",
    },
    CLEAN: { description: "Every expected antivirus engine finished and found nothing." },
    SUSPICIOUS: { description: "At least one engine considers it suspicious." },
    INFECTED: { description: "At least one engine considers it malware." },
  },
});
export { Verdict };

registerEnumType(EngineVerdict, {
  name: "EngineVerdict",
  description: "The verdict of one engine on a sample.",
  valuesConfig: {
    CLEAN: { description: "It scanned all of it and found nothing." },
    SUSPICIOUS: { description: "It considers the sample suspicious." },
    INFECTED: { description: "It considers the sample malware." },
  },
});
export { EngineVerdict };

registerEnumType(SkipReason, {
  name: "SkipReason",
  description: "Why an engine does not take part in a scan.",
  valuesConfig: {
    TOO_SLOW: { description: "It is slower than the scan allows." },
    INTERNET_FORBIDDEN: { description: "It can reach the internet and the scan does not allow that." },
    DISABLED: { description: "It was switched off by an operator." },
    NOT_SELECTED: {
      description: "The scan names its engines and this is not one of them, or it excludes this one.",
    },
    UNSUPPORTED_TYPE: { description: "It does not accept files of this type." },
    UNHEALTHY: {
      description:
        "No agent has announced it as healthy within the last 10 minutes, those that are there say that it does not work, it was taken from all agents, or it is new, has given no result yet and its agents are gone.",
    },
  },
});
export { SkipReason };

registerEnumType(AgentState, {
  name: "AgentState",
  description: "Whether an agent takes work.",
  valuesConfig: {
    READY: { description: "It takes work with its healthy engines." },
    CORDONED: { description: "It takes no new work and finishes what it has, however long that takes." },
    DRAINING: { description: "It takes no new work and hands back what it does not finish within its drain grace." },
  },
});
export { AgentState };

/** Orders of a list of scans. */
export const ScanOrder = { NEWEST_FIRST: "NEWEST_FIRST", OLDEST_FIRST: "OLDEST_FIRST" } as const;
export type ScanOrder = keyof typeof ScanOrder;
registerEnumType(ScanOrder, {
  name: "ScanOrder",
  description: "The order of a list of scans.",
  valuesConfig: {
    NEWEST_FIRST: { description: "The latest scan first." },
    OLDEST_FIRST: { description: "The earliest scan first." },
  },
});

/** How long each point of statistics is. */
export const StatisticsInterval = { HOUR: "HOUR", DAY: "DAY" } as const;
export type StatisticsInterval = keyof typeof StatisticsInterval;
registerEnumType(StatisticsInterval, {
  name: "StatisticsInterval",
  description: "The length of each point of statistics.",
  valuesConfig: { HOUR: { description: "An hour." }, DAY: { description: "A day, UTC." } },
});

registerEnumType(WebhookEvent, {
  name: "WebhookEvent",
  description: "An event that a webhook can be sent.",
  valuesConfig: {
    SCAN_FINISHED: { description: "A scan became final." },
    SCAN_DETECTED: { description: "A scan became final with a detection, or an engine found something afterwards." },
    VERDICT_FLIPPED: { description: "An engine says something else of a sample than before, since its signatures have changed." },
  },
});
export { WebhookEvent };

registerEnumType(DeliveryState, {
  name: "DeliveryState",
  description: "The state of a delivery.",
  valuesConfig: {
    PENDING: { description: "It waits to be sent, or to be sent again." },
    DELIVERED: { description: "The receiver answered with a 2xx status." },
    FAILED: { description: "It was given up after all attempts; `redeliverWebhook` sends it again." },
  },
});
export { DeliveryState };

/** Orders of a list of samples. */
export const SampleOrder = { NEWEST_FIRST: "NEWEST_FIRST", OLDEST_FIRST: "OLDEST_FIRST" } as const;
export type SampleOrder = keyof typeof SampleOrder;
registerEnumType(SampleOrder, {
  name: "SampleOrder",
  description: "The order of a list of samples, by when the mesh first received them.",
  valuesConfig: {
    NEWEST_FIRST: { description: "The latest sample first." },
    OLDEST_FIRST: { description: "The earliest sample first." },
  },
});

/** How a download gives a sample. */
export const DownloadFormat = { RAW: "RAW", ZIP: "ZIP", FIRST_64_KIB: "FIRST_64_KIB" } as const;
export type DownloadFormat = keyof typeof DownloadFormat;
registerEnumType(DownloadFormat, {
  name: "DownloadFormat",
  description: "How a download gives a sample.",
  valuesConfig: {
    RAW: { description: "The bytes as they are." },
    ZIP: { description: "In a zip with the password `infected`." },
    FIRST_64_KIB: { description: "Its first 64 KiB as they are; all of a smaller sample." },
  },
});

/** Codes of {@link UserError}; the gateway's own codes for what a caller can do something about. */
export const UserErrorCode = {
  BAD_INPUT: "BAD_INPUT",
  NOT_FOUND: "NOT_FOUND",
  SAMPLE_NOT_STORED: "SAMPLE_NOT_STORED",
  UPLOAD_EXPIRED: "UPLOAD_EXPIRED",
  TOO_LARGE: "TOO_LARGE",
  UNAVAILABLE: "UNAVAILABLE",
  STORAGE_FULL: "STORAGE_FULL",
  IDEMPOTENCY_CONFLICT: "IDEMPOTENCY_CONFLICT",
} as const;
export type UserErrorCode = keyof typeof UserErrorCode;
registerEnumType(UserErrorCode, {
  name: "UserErrorCode",
  description: "What went wrong, for programs.",
  valuesConfig: {
    BAD_INPUT: { description: "An input is invalid; `path` names it." },
    NOT_FOUND: { description: "There is no such sample or upload." },
    SAMPLE_NOT_STORED: { description: "The sample is known but its bytes are no longer stored: send them again." },
    UPLOAD_EXPIRED: { description: "The upload has expired: create another." },
    TOO_LARGE: { description: "The sample is larger than this way of sending it allows." },
    UNAVAILABLE: { description: "The mesh cannot take scans now; try again after `retryAfter` seconds." },
    STORAGE_FULL: { description: "There is no space for the sample." },
    IDEMPOTENCY_CONFLICT: { description: "The idempotency key was used for another input." },
  },
});
