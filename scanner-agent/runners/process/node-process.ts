import { copyFileSync, linkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { ProcessLimits } from "../../../schema/process-run.js";
import { Failed, hasCode, reasonOf, Unavailable } from "../../contract.js";
import { createLineReader } from "../../processes/process-channel.js";
import { within } from "../../within.js";

/** How long such a process may take to start. */
const START_MS = 20_000;
const LAST_WORDS = 500;

/** A file as the process sees it. */
export interface ShownFile {
  readonly path: string;
  /** Takes it away again. */
  remove(): void;
}

/** A process of ours in Node that reads samples, with a channel for messages. */
export interface NodeProcess {
  /** How it is isolated from the rest of the host. */
  readonly isolation: string;
  /** Its first message, by which it has said that it is ready. */
  readonly greeting: unknown;
  /** Calls back with every message after the first. */
  onMessage(listener: (message: unknown) => void): void;
  /** With bytes that belong to it. If it has ended, the message is lost: its end is reported. */
  send(message: unknown, attached?: Uint8Array): void;
  /** Shows it one more file, which may be removed elsewhere from now on. */
  show(path: string): ShownFile;
  /** Resolves when it has ended, with a sentence that says how. */
  readonly ended: Promise<string>;
  /** Says that it ended: `how`, and what it printed last. */
  describeEnd(how: string): string;
  /** Ends it. */
  kill(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** What is started. */
export interface NodeProgram {
  /** Whose process it is, in sentences and in the name of its folder. */
  readonly name: string;
  /** A private folder. */
  readonly folder: string;
  readonly programPath: string;
  readonly flags: readonly string[];
  /** Its compiled file, below the project's folder. */
  readonly program: string;
  /** Its arguments: files of the project. */
  readonly files?: readonly string[];
  /** Files and folders below the project's folder that it reads. */
  readonly reads: readonly string[];
  readonly limits: ProcessLimits;
  /** How many bytes a message from it may have. */
  readonly maxMessage: number;
}

/** The messages of a process: the first one, then all others. */
export interface Inbox {
  receive(message: unknown): void;
  readonly first: Promise<unknown>;
  onMessage(listener: (message: unknown) => void): void;
}

/** Nothing has arrived yet. */
export function createInbox(): Inbox {
  let listener: (message: unknown) => void = () => undefined;
  let receive!: (message: unknown) => void;
  const first = new Promise<unknown>((resolve) => {
    receive = (message) => {
      receive = (next) => listener(next);
      resolve(message);
    };
  });
  return { receive: (message) => receive(message), first, onMessage: (next) => void (listener = next) };
}

/** Takes what the process prints, and passes on the messages. One that is too large, or none, ends it by `end`. */
export function createReceiver(
  inbox: Inbox,
  { words, maxMessage, end }: { words: LastWords; maxMessage: number; end(): void },
): (piece: Buffer) => void {
  const read = createLineReader(inbox.receive, { limit: maxMessage });
  let hasFailed = false;
  return (piece) => {
    if (hasFailed) return;
    try {
      read(piece);
    } catch (error) {
      hasFailed = true;
      words.add(Buffer.from(`\nit answers nonsense: ${reasonOf(error)}`));
      end();
    }
  };
}

/** The process once it has greeted. Throws {@link Unavailable}; it is stopped then. */
export async function untilReady(
  started: Omit<NodeProcess, "greeting" | "onMessage">,
  inbox: Inbox,
  { name }: Pick<NodeProgram, "name">,
): Promise<NodeProcess> {
  const early = started.ended.then((how) => {
    throw new Failed(how);
  });
  try {
    const greeting = await within(START_MS, Promise.race([inbox.first, early]));
    return { ...started, greeting, onMessage: inbox.onMessage };
  } catch (error) {
    await started.stop();
    throw new Unavailable(`the ${name}'s process does not start: ${reasonOf(error)}`, { cause: error });
  }
}

/** The end of what a process prints as its errors. */
export interface LastWords {
  add(text: Buffer): void;
  describeEnd(how: string): string;
}

/** Keeps the end of what a process prints. */
export function createLastWords(): LastWords {
  let words = "";
  return {
    add: (text) => void (words = (words + text.toString("utf8")).slice(-LAST_WORDS)),
    describeEnd: (how) => `its process ended (${[how, words.trim().split("\n").at(-1)].filter(Boolean).join(": ")})`,
  };
}

/** Shows files in a folder that the process sees as `inside`. */
export function createShow(folder: string, inside: string): (path: string) => ShownFile {
  let count = 0;
  return (path) => {
    const name = `file-${++count}`;
    linkOrCopySync(path, join(folder, name));
    return { path: join(inside, name), remove: () => removeIfThere(join(folder, name)) };
  };
}

/** A file by another name. A link, where the file system has them. */
export function linkOrCopySync(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasCode(error, "EPERM", "EXDEV", "ENOTSUP", "EMLINK")) throw error;
    copyFileSync(from, to);
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
