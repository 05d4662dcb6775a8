import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Long files, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = [
  "test/compose/compose.",
  "test/faults/faults.",
  "test/standalone/up.",
  "test/gateway/routes/join-script.",
  "test/gateway/http/hostile.",
  "test/docker/",
  "test/gateway/scan/rolling-restart.",
  "test/gateway/dashboard/access.",
  "test/gateway/scan/crash.",
  "test/gateway/rest/scale.",
  "test/scanner-agent/work/",
  "test/mesh.",
  "test/scanner-agent/runners/",
  "test/gateway/scan/agent-orders.",
  "test/gateway/updates/",
  "test/gateway/dashboard/",
  "test/examples/",
  "test/cases.",
  "test/cli/retry-after.",
  "test/gateway/accounts/",
  "test/gateway/graphql/transports/",
  "test/compose/",
  "test/gateway/background/",
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
