import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Long files, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = [
  "test/compose/",
  "test/gateway/http/hostile.",
  "test/standalone/up.",
  "test/gateway/rest/scale.",
  "test/mesh.",
  "test/faults/faults.",
  "test/gateway/graphql/transports/many-subscribers.",
  "test/scanner-agent/runners/",
  "test/docker/",
  "test/gateway/scan/crash.",
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
