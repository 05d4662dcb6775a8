import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of a minute and more, the longest first: begun last, one of them would run while the other workers have nothing left. */
const LONG = ["test/compose/", "test/standalone/up.", "test/docker/", "test/mesh.", "test/scanner-agent/runners/container/"];

const rank = ({ moduleId }: TestSpecification) => {
  const found = LONG.findIndex((part) => moduleId.includes(`/${part}`));
  return found === -1 ? LONG.length : found;
};

/** As vitest orders them, but that long files come first on a machine that has not measured them yet. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
