import { registerEnumType } from "type-graphql";
import { ScanOrigin } from "../verdict-runs.js";

registerEnumType(ScanOrigin, {
  name: "ScanOrigin",
  description: "Why a scan exists.",
  valuesConfig: {
    REQUEST: { description: "Somebody asked for it." },
    UPDATE: {
      description:
        "The signatures of one of its engines have changed, and the sample was scanned again by it; what changed nothing is in no list.",
    },
  },
});
export { ScanOrigin };
