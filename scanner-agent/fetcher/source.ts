import { OperatorError } from "../../schema/operator-error.js";
import type { BundleManifest } from "../../schema/bundle.js";

/** A file as it lies on this host. */
export interface FetchedFile {
  /** Its path in the bundle. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
}

/** What a source has now. */
export interface Content {
  readonly files: readonly FetchedFile[];
  readonly image: BundleManifest["image"];
  readonly version: string | null;
  readonly date: Date | null;
  /** What the operator should know although it worked. */
  readonly remark?: string;
}

/** What a source is given for one look. */
export interface Look {
  readonly signal: AbortSignal;
  /** Told while something is fetched: how much is there of how much, in bytes; 0 for what is not known. */
  readonly onBytes: (bytes: number, total: number) => void;
}

/** Where the bundles of one set come from. */
export interface Source {
  readonly engine: string;
  readonly set: string;
  /** Between two looks, if its manifest says that. */
  readonly everyMs: number | undefined;
  /** In words for people. */
  readonly description: string;
  /** What is to be installed for it. */
  readonly programs?: readonly string[];
  /** Fetches what is new, and returns all that there is. Throws {@link Blocked} or {@link OperatorError}. */
  fetch(look: Look): Promise<Content>;
  /** Checks what was fetched: nothing unsigned that should be signed, no page in place of a file. Throws {@link OperatorError}. */
  verify(content: Content, signal: AbortSignal): Promise<void>;
}

/** The source refuses this host until a time. */
export class Blocked extends OperatorError {
  override readonly name = "Blocked";
  constructor(
    message: string,
    readonly until: Date,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How long a server that says 403 is left alone, and one that says 429 without a time: as freshclam does. */
export const BLOCK_MS = { forbidden: 86_400_000, tooMany: 4 * 3_600_000 } as const;
