import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Long files, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = [
  "test/compose/compose.",
  "test/gateway/http/hostile.",
  "test/standalone/up.",
  "test/faults/faults.",
  "test/mesh.",
  "test/gateway/dashboard/access.",
  "test/cli/retry-after.",
  "test/scanner-agent/runners/",
  "test/gateway/graphql/transports/left-lists.",
  "test/gateway/rest/scale.",
  "test/gateway/scan/crash.",
  "test/gateway/graphql/transports/many-subscribers.",
  "test/gateway/background/answer-batch.",
  "test/docker/",
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
