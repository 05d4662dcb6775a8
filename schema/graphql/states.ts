/** States and verdicts. Values are those of the contract; every one of them is described. */

import { registerEnumType } from "type-graphql";
import { ClosedState } from "../closed.js";
import { AgentState } from "../control.js";
import { EngineVerdict, ResultCause, ResultState, SkipReason, Verdict } from "../states.js";

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
