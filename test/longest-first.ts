import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Long files, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = [
  "test/compose/compose.",
  "test/faults/faults.",
  "test/standalone/up.",
  "test/gateway/dashboard/access.",
  "test/gateway/routes/join-script.",
  "test/docker/",
  "test/gateway/dashboard/faults.",
  "test/gateway/scan/crash.",
  "test/gateway/dashboard/live.",
  "test/gateway/rest/scale.",
  "test/scanner-agent/runners/",
  "test/gateway/dashboard/",
  "test/gateway/accounts/cluster.",
  "test/gateway/graphql/transports/many-subscribers.",
  "test/gateway/scan/withdraw.",
  "test/gateway/background/sweep.",
  "test/gateway/http/hostile.",
  "test/scanner-agent/inspect/",
  "test/scanner-agent/work/",
  "test/mesh.",
  "test/gateway/routes/full-disks.",
  "test/gateway/fleet/broken-engines.",
  "test/cli/",
  "test/gateway/join/",
  "test/gateway/scan/agent-orders.",
  "test/scanner-agent/",
  "test/compose/",
  "test/cases.",
  "test/examples/",
  "test/standalone/",
  "test/gateway/accounts/",
  "test/gateway/background/",
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
