/** Runs after which a statement is one that is asked for again and again. */
const OFTEN = 10;
/** Statements that Postgres keeps ready on each connection, and texts whose runs are counted. */
const MOST_READY = 100;
const MOST_COUNTED = 1_000;
const runs = new Map<string, number>();
const names = new Map<string, string>();

/** Transactions begin and end with other words, and migrations are several statements in one text. */
const ONE_THAT_READS_OR_WRITES = /^\s*(select|insert|update|delete|with)\b[^;]*$/i;

/** By which name Postgres keeps a statement ready, parsed and planned; undefined: it does not, or not yet. */
export function readyName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size === MOST_READY || !ONE_THAT_READS_OR_WRITES.test(text)) return known;
  const times = (runs.get(text) ?? 0) + 1;
  if (times > OFTEN) {
    names.set(text, `statement ${names.size + 1}`);
    runs.delete(text);
  } else {
    if (runs.size >= MOST_COUNTED) runs.clear();
    runs.set(text, times);
  }
  return names.get(text);
}
