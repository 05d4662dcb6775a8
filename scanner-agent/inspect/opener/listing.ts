/** What `7z l -slt` prints, read. */

/** One member of a container. */
export interface Member {
  readonly path: string;
  readonly encrypted: boolean;
  /** In lower case, without parameters: `aes-256`, `deflate`. */
  readonly methods: readonly string[];
  readonly isFolder: boolean;
}

/** A container's listing. */
export interface Listing {
  readonly members: readonly Member[];
  /** Errors that concern all of it. */
  readonly errors: readonly string[];
  /** Methods of the container itself. */
  readonly methods: readonly string[];
  /** How much of the file it is, where 7-Zip tells. */
  readonly size: number | undefined;
}

const SEPARATOR = "----------";
/** Methods that only change how data is arranged; 7-Zip names them beside the others. */
const ARRANGEMENTS = new Set(["eos", "ntfs"]);

/**
 * Reads the lines. 7-Zip prints control characters of names as `_`, so that a name is one line; only the comment of an archive
 * has lines of its own, and it stands before the last separator.
 */
export function readListing(lines: readonly string[]): Listing {
  const separator = lines.lastIndexOf(SEPARATOR);
  const front = lines.slice(0, Math.max(0, separator));
  const own = fields(front.slice(front.indexOf("--") + 1));
  return {
    members: separator < 0 ? [] : blocks(lines.slice(separator + 1)).map(memberOf),
    errors: errorsIn(front),
    methods: methodsOf(own.get("Method")),
    size: own.has("Physical Size") ? Number(own.get("Physical Size")) : undefined,
  };
}

/** The lines behind `ERRORS:`, up to the next empty one. */
export function errorsIn(lines: readonly string[]): string[] {
  const start = lines.indexOf("ERRORS:");
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line === "" || / = /.test(line));
  return rest.slice(0, end < 0 ? undefined : end);
}

function blocks(lines: readonly string[]): Map<string, string>[] {
  const found: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith("Path = ")) found.push([]);
    found.at(-1)?.push(line);
  }
  return found.map(fields).filter((block) => block.size > 0);
}

/** The first of each name counts. */
function fields(lines: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([A-Z][\w ]*) = (.*)$/.exec(line) ?? [];
    if (name !== undefined && !found.has(name)) found.set(name, value ?? "");
  }
  return found;
}

function memberOf(block: ReadonlyMap<string, string>): Member {
  return {
    path: block.get("Path") ?? "",
    encrypted: block.get("Encrypted") === "+",
    methods: methodsOf(block.get("Method")),
    isFolder: block.get("Folder") === "+" || (block.get("Attributes")?.startsWith("D") ?? false),
  };
}

function methodsOf(text = ""): string[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => word.replace(/:.*$/, ""))
    .filter((word) => /^[a-z0-9-]+$/.test(word) && !ARRANGEMENTS.has(word));
  return [...new Set(words)];
}
