import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Long files, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = [
  "test/compose/compose.",
  "test/docker/joiner.",
  "test/faults/faults.",
  "test/docker/updates.",
  "test/standalone/up.",
  "test/gateway/dashboard/access.",
  "test/gateway/routes/join-script.",
  "test/gateway/http/hostile.",
  "test/gateway/updates/",
  "test/gateway/scan/crash.",
  "test/gateway/rulesets/",
  "test/cli/start-mesh.",
  "test/scanner-agent/runners/builtin/yara.",
  "test/scanner-agent/inspect/",
  "test/compose/",
  "test/gateway/rest/scale.",
  "test/gateway/accounts/",
  "test/gateway/dashboard/",
  "test/scanner-agent/runners/",
  "test/gateway/scan/",
  "test/gateway/graphql/transports/",
  "test/gateway/background/",
  "test/gateway/fleet/",
  "test/scanner-agent/work/",
  "test/mesh.",
  "test/docker/",
  "test/standalone/",
  "test/gateway/join/",
  "test/cases.",
  "test/scanner-agent/doctor/",
  "test/scanner-agent/rulesets/",
  "test/scanner-agent/rules/rules-false-positives.",
];

const rank = ({ moduleId }: TestSpecification) => {
  const found = LONG.findIndex((part) => moduleId.includes(`/${part}`));
  return found === -1 ? LONG.length : found;
};

/** A worker that goes from one project to another is a new process, which loads every module again; unit tests are short. */
const isUnit = ({ project }: TestSpecification) => Number(project.name === "unit");

/** As vitest orders them, but that long files come first on a machine that has not measured them yet. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => isUnit(a) - isUnit(b) || rank(a) - rank(b));
  }
}
