import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { Entry } from "../check/journal.js";

/** What must be on the disk before anything else happens: what a client may rely on. */
const PROMISES: ReadonlySet<Entry["kind"]> = new Set(["sent", "answered", "phase"]);

type Without<E> = E extends unknown ? Omit<E, "at"> : never;
/** An entry; its time is added when it is written. */
export type NewEntry = Without<Entry>;

export interface JournalWriter {
  readonly file: string;
  write(entry: NewEntry): void;
  close(): void;
}

export function openJournal(file: string): JournalWriter {
  const fd = openSync(file, "a");
  return {
    file,
    write(entry) {
      writeSync(fd, `${JSON.stringify({ ...entry, at: Date.now() })}\n`);
      if (PROMISES.has(entry.kind)) fsyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}
