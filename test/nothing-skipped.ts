import type { Reporter, TestModule } from "vitest/node";

/** Fails a run that leaves a test out: in CI a missing program must not pass for a test that passes. */
export class NothingSkipped implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].map(({ fullName }) => `  ${module.relativeModuleId}: ${fullName}\n`),
    );
    if (skipped.length === 0) return;
    process.stderr.write(`In CI no test may be skipped; these were:\n${skipped.join("")}`);
    process.exitCode = 1;
  }
}
