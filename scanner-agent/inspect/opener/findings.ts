import type { Closed } from "../../../schema/closed.js";
import type { Inspection, InspectionLimits, Packing } from "../formats/inspection.js";

/** What an inspection has found so far. */
export interface Findings {
  readonly limits: InspectionLimits;
  /** Bytes of the files of one container that are kept to be looked into. */
  readonly keepBytes: number;
  add(fact: Closed): void;
  pack(packing: Packing): void;
  /** Counts files and their bytes, and notes how deep they are; false once a limit is passed. */
  count(what: { readonly files?: number; readonly unpacked?: number; readonly depth?: number }): boolean;
  /** This is not looked at, because it is beyond a limit. */
  stop(path: string, format: string): void;
  inspection(): Inspection;
}

/** What 7-Zip calls the content of a container that does not name it. */
const UNNAMED = "in~";

/** Where a file is: the names of the containers around it and its own, and how deep. */
export interface Place {
  readonly path: string;
  readonly depth: number;
}

export function createFindings(limits: InspectionLimits, keepBytes: number): Findings {
  const closed: Closed[] = [];
  const packings = new Map<string, Packing>();
  let isStopped = false;
  const counts = { files: 0, unpacked: 0, depth: 0 };
  const add = (fact: Closed) => {
    if (closed.length < limits.facts) closed.push(fact);
  };
  return {
    limits,
    keepBytes,
    add,
    stop(path, format) {
      isStopped = true;
      add({ path, format, method: null, state: "LIMIT" });
    },
    pack(packing) {
      const key = [packing.format, ...packing.methods].join(" ");
      if (packings.size < limits.facts && !packings.has(key)) packings.set(key, packing);
    },
    count({ files = 0, unpacked = 0, depth = 0 }) {
      counts.files += files;
      counts.unpacked += unpacked;
      counts.depth = Math.max(counts.depth, depth);
      return counts.files <= limits.files && counts.unpacked <= limits.unpacked && counts.depth <= limits.depth;
    },
    inspection: () => ({ closed, packings: [...packings.values()], ...counts, isStopped }),
  };
}

/** The path of a member; one that has no name is named by its container. */
export function joined(path: string, name: string): string {
  return [path, name]
    .filter((part) => part !== "" && part !== UNNAMED)
    .join("/")
    .slice(0, 1024);
}
