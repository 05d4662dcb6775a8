/** Counts what a scan costs beside processor time, for the product and the bare path. */

import type { Bench } from "./bench.js";
import type { CorpusId } from "./corpus.js";
import { pushThrough } from "./load.js";
import type { ScansSamples } from "./mesh.js";
import { openMessageCount } from "./message-count.js";
import type { Pair } from "./pair.js";
import { elapsed, processorTime } from "./processor-time.js";
import { readStatements } from "./statement-count.js";
import { countCalls } from "./system-calls.js";
import { short, type Table } from "./table.js";

const FILES = { T: 2_000, "64K": 600, M: 200 } as const;

const OWN = "CPU-ms of the session that looks for finals";

/** By what is counted; what cannot be counted here is missing. */
export type Counts = Readonly<Record<string, number>>;

/** A table of both, each counted once over a run of its own. */
export async function countScans(bench: Bench, id: CorpusId, { product, bare }: Pair): Promise<Table> {
  const count = bench.scaled(FILES[id], 20);
  const notes = new Set<string>();
  const of = (label: string, mesh: ScansSamples) =>
    bench.progress.measure(
      `${id}  counted  ${label}`,
      (advance) => {
        const bodies = bench.corpus.files(id, count).map((file, i) => mesh.bodyOf(file, `${id}-${i}`));
        return counted(mesh, () => pushThrough(mesh, bodies, advance), notes);
      },
      () => "",
    );
  const [ours, theirs] = [await of("mesh", product), await of("bare path", bare)];
  const cell = (counts: Counts, what: string) => (what in counts ? short((counts[what] ?? 0) / count) : "–");
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  return {
    title: `Counted for each scan, corpus ${id}, over ${count} scans`,
    head: ["", "mesh", "bare path"],
    rows: names.map((what) => [what, cell(ours, what), cell(theirs, what)]),
    notes: ["Statements and commits are those of all that a mesh does meanwhile and for ten seconds after it.", ...notes],
  };
}

async function counted(mesh: ScansSamples, work: () => Promise<unknown>, notes: Set<string>): Promise<Counts> {
  const messages = await openMessageCount(mesh.servers);
  try {
    const own = () => processorTime({ roots: [mesh.finals.session] });
    const started = await own();
    const before = { ...(await readStatements(mesh.servers.postgresUrl)), ...(await messages.read()) };
    const calls = await countCalls(mesh, work);
    if (calls.note !== undefined) notes.add(calls.note);
    const looking = elapsed(started, await own()).postgres;
    const after = { ...(await messages.read()), ...(await readStatements(mesh.servers.postgresUrl)) };
    const grown = Object.entries(before).map(([what, value]) => [what, (after[what as keyof typeof after] ?? 0) - value]);
    return { ...(Object.fromEntries(grown) as Counts), ...calls.counts, [OWN]: looking };
  } finally {
    await messages.close();
  }
}
