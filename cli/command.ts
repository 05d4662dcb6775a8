/** What all commands share: where they write, how they are interrupted, and how they end. */

import { inspect } from "node:util";
import { CommanderError, type Command } from "commander";
import { createAbortController } from "../schema/abort-controller.js";
import { FAILED, guardExitStatus } from "../standalone/exit-status.mjs";
import { OperatorError } from "../schema/operator-error.js";
import { webAddress } from "../schema/settings.js";

/** Exit statuses, besides those by which a command answers. */
export const EXIT = { error: FAILED, interrupted: 130 } as const;

/** Writes a line of the answer. */
export const print = (line: string) => void process.stdout.write(`${line}\n`);

/** Writes a line that is no part of the answer. */
export const say = (line: string) => void process.stderr.write(`${line}\n`);

/** One Ctrl-C arrives several times: from the terminal, and from npm, which passes it on. */
const FORCE_AFTER_MS = 1_500;

/** Ends a command that its user has interrupted; the message says what became of its work. */
export class Interrupted extends Error {}

/** Aborts when this process is asked to end. A second request after a while ends it at once. */
export function interruptSignal(): AbortSignal {
  const controller = createAbortController();
  let askedAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && performance.now() - askedAt > FORCE_AFTER_MS) process.exit(EXIT.interrupted);
      askedAt ??= performance.now();
      controller.abort();
    });
  }
  return controller.signal;
}

/** Throws {@link OperatorError} for what is no http address; `name` says where it stands. */
export function checkHttpAddress(url: string, name = ""): void {
  if (!webAddress.safeParse(url).success) throw new OperatorError(`${name}${url} is not an http address.`);
}

/** One sentence for what the user can put right; message and stack for a bug. */
export function explain(error: unknown): string {
  return error instanceof OperatorError ? error.message : inspect(error);
}

/** How a command tells what ended it. */
export interface Failure {
  readonly explain?: (error: unknown) => string;
  readonly interrupted?: string;
}

/** Runs the command that the arguments name, and sets the exit status. */
export async function runCommand(program: Command, failure: Failure = {}): Promise<void> {
  guardExitStatus();
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.error;
    else if (error instanceof Interrupted || (error instanceof Error && error.name === "AbortError")) {
      say(error instanceof Interrupted ? error.message : (failure.interrupted ?? "Interrupted."));
      process.exitCode = EXIT.interrupted;
    } else {
      say((failure.explain ?? explain)(error));
      process.exitCode = EXIT.error;
    }
  }
}
