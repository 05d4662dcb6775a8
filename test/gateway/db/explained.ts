/** What Postgres does for the statements of a connection: every plan with the rows that went through it. */

import pg from "pg";
import { LIST_OPTIONS, openDatabase, type Database } from "../../../gateway/db/database.js";

interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface Explained {
  readonly text: string;
  /** Rows that the nodes of its plan have read, joined or thrown away. */
  readonly rows: number;
}

export interface ExplainedDatabase {
  readonly db: Database;
  /** The statements of some work, also those of triggers. */
  explain(work: () => Promise<unknown>): Promise<Explained[]>;
}

const SETTINGS = [
  "session_preload_libraries=auto_explain",
  "auto_explain.log_min_duration=0",
  "auto_explain.log_analyze=on",
  "auto_explain.log_timing=off",
  "auto_explain.log_nested_statements=on",
  "auto_explain.log_format=json",
  "auto_explain.log_level=notice",
];

/** A database whose one connection is of the kind that the path of a scan and the background use, or that lists use. */
export function openExplained(url: string, { forLists = false } = {}): ExplainedDatabase {
  const address = new URL(url);
  const settings = SETTINGS.map((setting) => `-c ${setting}`);
  // Options of the address replace those of the pool.
  address.searchParams.set("options", [...settings, ...(forLists ? [LIST_OPTIONS] : [])].join(" "));
  let sink: ((explained: Explained) => void) | undefined;
  const db = openDatabase(address.toString(), () => {}, { max: 1, forLists });
  return {
    db,
    async explain(work) {
      const found: Explained[] = [];
      sink = (explained) => found.push(explained);
      const stop = onNotices((message) => {
        const [, json] = /plan:\n([\s\S]*)$/.exec(message) ?? [];
        if (json === undefined) return;
        const { "Query Text": text, Plan } = JSON.parse(json) as { "Query Text": string; Plan: PlanNode };
        sink?.({ text, rows: rowsOf(Plan) });
      });
      try {
        await work();
      } finally {
        stop();
      }
      return found;
    },
  };
}

/** Listens to all connections of this process: a pool does not hand out its own. */
function onNotices(listener: (message: string) => void): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this`
  const emit = pg.Client.prototype.emit;
  pg.Client.prototype.emit = function emitted(this: pg.Client, event: string | symbol, ...args: unknown[]): boolean {
    if (event === "notice") listener((args[0] as { message: string }).message);
    return emit.call(this, event, ...args);
  };
  return () => void (pg.Client.prototype.emit = emit);
}

function rowsOf(node: PlanNode): number {
  const removed =
    (node["Rows Removed by Filter"] ?? 0) +
    (node["Rows Removed by Join Filter"] ?? 0) +
    (node["Rows Removed by Index Recheck"] ?? 0);
  const own = (node["Actual Rows"] + removed) * node["Actual Loops"];
  return own + (node.Plans ?? []).reduce((sum, child) => sum + rowsOf(child), 0);
}
