import { readFile } from "node:fs/promises";
import type { Outcome, Parser, RawOutput, Runner, RunOptions, Sample } from "../../../scanner-agent/contract.js";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { Manifest } from "../../../schema/manifest.js";

const NO_VERSIONS = { engine: "1", signatures: null, signatureDate: null };

/** An engine whose runner the test plays: it passes its self-test and does with other samples as it is told. */
export function puppet(
  name: string,
  run: (sample: Sample, options: RunOptions) => Promise<Outcome>,
  more: {
    slots?: number;
    input?: "file" | "hash";
    timeout?: string;
    runner?: Partial<Runner>;
    manifest?: Record<string, unknown>;
  } = {},
): EngineParts {
  const { slots = 2, input = "file", timeout = "10s", runner = {}, manifest = {} } = more;
  const outcomes = new WeakMap<RawOutput, Outcome>();
  const parse: Parser = (raw) => outcomes.get(raw) ?? done(null, null, null);
  return {
    manifest: Manifest.parse({
      name,
      type: "METADATA",
      speed: "FAST",
      internet: false,
      input,
      timeout,
      output: "yara",
      run: { builtin: { module: "yara" } },
      ...manifest,
    }),
    parse,
    slots,
    runners: [
      {
        description: "puppet",
        start: () => Promise.resolve(),
        versions: () => Promise.resolve(NO_VERSIONS),
        async run(sample, options) {
          const raw: RawOutput = { exitCode: 0, stdout: "", stderr: "" };
          if (!(sample.path?.includes("self-test") ?? false)) outcomes.set(raw, await run(sample, options));
          else if (manifest["type"] === "AV") outcomes.set(raw, await ofSelfTest(sample.path ?? ""));
          return raw;
        },
        stop: () => Promise.resolve(),
        ...runner,
      },
    ],
  };
}

async function ofSelfTest(path: string): Promise<Outcome> {
  const isEicar = (await readFile(path, "latin1")).includes("EICAR-");
  return done(isEicar ? "INFECTED" : "CLEAN", isEicar ? "Eicar" : null, null);
}

/** A promise and what settles it. */
export function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
