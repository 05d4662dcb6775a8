/** Classes of scans and engines. Values are those of the contract; every one of them is described. */

import { registerEnumType } from "type-graphql";
import { EngineSpeed, InternetClass, PluginType, Speed } from "../classes.js";
import { Priority } from "../scan-options.js";

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
