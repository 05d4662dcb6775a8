/** The enums of the GraphQL schema. Values are those of the contract; every one of them is described. */

import { registerEnumType } from "type-graphql";
import { EngineSpeed, InternetClass, PluginType, Speed } from "../classes.js";
import { AgentState } from "../messages.js";
import { Priority } from "../scan-options.js";
import { EngineVerdict, ResultState, SkipReason, Verdict } from "../states.js";
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
  description: "How a scan takes its turn.",
  valuesConfig: {
    NORMAL: { description: "In the order in which scans are accepted." },
    BULK: {
      description:
        "It waits until less than two slots' worth of other requests waits for its engines; it is final by its deadline all the same.",
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
  description: "Whether engines can reach the outside while they scan.",
  valuesConfig: {
    ISOLATED: { description: "They cannot: what they see stays in the mesh." },
    INTERNET: { description: "They can: only scans that allow it are sent there." },
  },
});

registerEnumType(PluginType, {
  name: "PluginType",
  description: "What kind of answer an engine gives.",
  valuesConfig: {
    AV: { description: "Antivirus: always states a verdict." },
    METADATA: { description: "Facts about the file; Yara's rules can state a verdict." },
    INTEL: { description: "What others know about the file's hash." },
    FILE_FORMATS: { description: "What is inside of the file's format." },
  },
});
export { PluginType };

/** What an engine is given, by its GraphQL names. */
export const EngineInput = { FILE: "file", HASH: "hash" } as const;
registerEnumType(EngineInput, {
  name: "EngineInput",
  description: "What an engine is given of a sample.",
  valuesConfig: { FILE: { description: "Its bytes." }, HASH: { description: "Its hashes only." } },
});

registerEnumType(ResultState, {
  name: "ResultState",
  description:
    "How far an engine is with a scan. QUEUED and SCANNING are open, the others final. A result only moves up, in this order: " +
    "QUEUED, SCANNING, CANCELLED, NO_AGENT, TIMEOUT, FAILED, UNSCANNED, DONE.",
  valuesConfig: {
    QUEUED: { description: "Waits for an agent." },
    SCANNING: { description: "An agent's engine works on it." },
    CANCELLED: { description: "Withdrawn before the engine answered." },
    NO_AGENT: { description: "The deadline passed and no agent had this engine." },
    TIMEOUT: { description: "The engine did not answer in time." },
    FAILED: { description: "The engine failed; `error` says how. Never to be read as clean." },
    UNSCANNED: { description: "The engine looked and says that it could not scan all of it; `error` says why." },
    DONE: { description: "The engine answered." },
  },
});
export { ResultState };

registerEnumType(Verdict, {
  name: "Verdict",
  description: "What a scan says about its sample.",
  valuesConfig: {
    INCONCLUSIVE: {
      description: "Nothing was found, and clean is not proven: no antivirus engine took part, or one did not finish.",
    },
    CLEAN: { description: "Every antivirus engine that was expected finished and found nothing." },
    SUSPICIOUS: { description: "At least one engine finds it suspicious." },
    INFECTED: { description: "At least one engine says that it is malware." },
  },
});
export { Verdict };

registerEnumType(EngineVerdict, {
  name: "EngineVerdict",
  description: "What one engine says about a sample.",
  valuesConfig: {
    CLEAN: { description: "It scanned all of it and found nothing." },
    SUSPICIOUS: { description: "It finds it suspicious." },
    INFECTED: { description: "It says that it is malware." },
  },
});
export { EngineVerdict };

registerEnumType(SkipReason, {
  name: "SkipReason",
  description: "Why an engine of the mesh takes no part in a scan.",
  valuesConfig: {
    TOO_SLOW: { description: "It is slower than the scan allows." },
    INTERNET_FORBIDDEN: { description: "It can reach the internet and the scan does not allow that." },
    DISABLED: { description: "It was switched off by an operator." },
    NOT_SELECTED: {
      description: "The scan's own choice: it names its engines and this is none of them, or it leaves this one out.",
    },
    UNSUPPORTED_TYPE: { description: "It does not take files of this type." },
    UNHEALTHY: { description: "No agent has announced it as healthy within the last 10 minutes." },
  },
});
export { SkipReason };

registerEnumType(AgentState, {
  name: "AgentState",
  description: "Whether an agent takes work.",
  valuesConfig: {
    READY: { description: "It takes work with its healthy engines." },
    CORDONED: { description: "It takes nothing more and finishes what it has, however long that takes." },
    DRAINING: { description: "It takes nothing more and hands back what it does not finish within its grace." },
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
    OLDEST_FIRST: { description: "The first scan first." },
  },
});

/** How long each point of statistics is. */
export const StatisticsInterval = { HOUR: "HOUR", DAY: "DAY" } as const;
export type StatisticsInterval = keyof typeof StatisticsInterval;
registerEnumType(StatisticsInterval, {
  name: "StatisticsInterval",
  description: "How long each point of statistics is.",
  valuesConfig: { HOUR: { description: "An hour." }, DAY: { description: "A day, UTC." } },
});

registerEnumType(WebhookEvent, {
  name: "WebhookEvent",
  description: "What a webhook can be told of.",
  valuesConfig: {
    SCAN_FINISHED: { description: "A scan became final." },
    SCAN_DETECTED: { description: "A scan became final with a detection, or an engine found something afterwards." },
  },
});
export { WebhookEvent };

registerEnumType(DeliveryState, {
  name: "DeliveryState",
  description: "What came of a delivery.",
  valuesConfig: {
    PENDING: { description: "It is to be sent, or sent again." },
    DELIVERED: { description: "The receiver answered with a status of success." },
    FAILED: { description: "It was given up; it can be sent again by hand." },
  },
});
export { DeliveryState };

/** Orders of a list of samples. */
export const SampleOrder = { NEWEST_FIRST: "NEWEST_FIRST", OLDEST_FIRST: "OLDEST_FIRST" } as const;
export type SampleOrder = keyof typeof SampleOrder;
registerEnumType(SampleOrder, {
  name: "SampleOrder",
  description: "The order of a list of samples, by when the mesh first got them.",
  valuesConfig: {
    NEWEST_FIRST: { description: "The sample that came last first." },
    OLDEST_FIRST: { description: "The sample that came first first." },
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
    BAD_INPUT: { description: "An input makes no sense; `path` names it." },
    NOT_FOUND: { description: "There is no such sample or upload." },
    SAMPLE_NOT_STORED: { description: "The sample is known but its bytes are gone: send them again." },
    UPLOAD_EXPIRED: { description: "The upload's time is over: create another." },
    TOO_LARGE: { description: "The sample is larger than this way of sending it allows." },
    UNAVAILABLE: { description: "The mesh cannot take scans now; try again after `retryAfter` seconds." },
    STORAGE_FULL: { description: "There is no room for the sample." },
    IDEMPOTENCY_CONFLICT: { description: "The idempotency key was used for another input." },
  },
});
