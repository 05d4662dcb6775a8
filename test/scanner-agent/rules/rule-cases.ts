import { EICAR } from "../eicar.js";
import { officeCases } from "./rule-cases-office.js";
import { packerCases } from "./rule-cases-packers.js";
import { peCases } from "./rule-cases-pe.js";
import { reverseShellCases } from "./rule-cases-reverse-shells.js";
import { scriptCases } from "./rule-cases-scripts.js";
import { webshellCases } from "./rule-cases-webshells.js";
import type { RuleCases } from "./rule-case.js";

/** Samples for every rule that comes with the scanner. */
export const ruleCases: RuleCases = {
  EICAR_Test_File: {
    found: { "the test file": EICAR },
    passed: { "its first half": EICAR.subarray(0, 34) },
  },
  ...packerCases,
  ...peCases,
  ...officeCases,
  ...scriptCases,
  ...reverseShellCases,
  ...webshellCases,
};
