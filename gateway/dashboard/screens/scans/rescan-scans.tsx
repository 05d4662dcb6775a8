import { useEffect } from "react";
import { Link } from "wouter";
import { pause } from "../../api/persist.ts";
import { createStore, useStore } from "../../api/store.ts";
import type { ScanFilter } from "../../generated/scans.ts";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Told } from "../../parts/status.tsx";
import { countScans, countText, type Count } from "./count-scans.ts";
import { chosenScans, repeatScans, scansOf, type Repetition } from "./repeat-scans.ts";

const HOW =
  "Each becomes a new scan with the same options, by the engines that are switched on now. They wait until the engines have little else to do.";
/** As many as one can read. */
const SHOWN = 10;

interface Run {
  readonly isRunning: boolean;
  readonly repetition?: Repetition;
  readonly problem?: Error;
}

const IDLE: Run = { isRunning: false };
/** It goes on while other screens are looked at, and can be stopped by whoever comes back. */
const current = createStore(IDLE);
let stopping = new AbortController();

interface Props {
  /** Scans of this page. */
  readonly selected: ReadonlySet<number>;
  /** What lists all of them; undefined where there is no filter. */
  readonly filter: ScanFilter | undefined;
  /** How many that are; undefined until it is known. */
  readonly count: Count | undefined;
  onDone(): void;
}

/** Scans samples again: those of the selected scans, or of all that the filter lists. It asks first, and says how many. */
export function RescanScans({ selected, filter, count, onDone }: Props) {
  const { isRunning, repetition, problem } = useStore(current);
  useEffect(
    () => () => {
      if (!current.get().isRunning) current.set(IDLE);
    },
    [],
  );

  const run = async (work: (signal: AbortSignal) => Promise<void>) => {
    const { signal } = (stopping = new AbortController());
    current.set({ isRunning: true });
    try {
      await work(signal);
      current.set({ ...current.get(), isRunning: false });
    } catch (error) {
      current.set({ ...current.get(), isRunning: false, ...(!signal.aborted && { problem: error as Error }) });
    }
    onDone();
  };
  const tell = (told: Repetition) => current.set({ isRunning: true, repetition: told });
  const repeatSelected = () => {
    if (!confirm(`Repeat ${countText({ count: selected.size, isExact: true })}? ${HOW}`)) return;
    void run((signal) => repeatScans(chosenScans(selected), selected.size, tell, signal));
  };
  const repeatAll = (wanted: ScanFilter) =>
    void run(async (signal) => {
      const counted = await countScans(wanted);
      const question = counted.isExact
        ? `Repeat all ${countText(counted)} of this list?`
        : `This list has ${countText(counted)}. Repeat the newest ${counted.count.toLocaleString()}?`;
      if (confirm(`${question} ${HOW}`)) await repeatScans(scansOf(wanted, signal), counted.count, tell, signal);
    });

  return (
    <>
      {!isRunning && selected.size > 0 && (
        <button type="button" onClick={repeatSelected}>
          Scan {selected.size} again
        </button>
      )}
      {!isRunning && filter !== undefined && (
        <button type="button" onClick={() => repeatAll(filter)}>
          Scan {count === undefined ? "all" : allText(count)} again
          <span className="unseen"> that the filter lists</span>
        </button>
      )}
      {isRunning && (
        <button type="button" onClick={() => stopping.abort()}>
          Stop
        </button>
      )}
      {repetition && <Report of={repetition} isRunning={isRunning} />}
      {problem && <Problem error={problem} what="Not all were scanned again." />}
    </>
  );
}

function Report({ of: { total, accepted, batches, refusals }, isRunning }: { of: Repetition; isRunning: boolean }) {
  const reason = useStore(pause);
  const text = isRunning ? `${accepted + refusals.length} of ${total} are sent …` : `${accepted} of ${total} are scanned again.`;
  return (
    <>
      <Notice tone={isRunning ? "running" : accepted === total ? "clean" : "doubt"}>
        {text}{" "}
        {isRunning && reason !== undefined && (
          <>
            Paused: <Name text={reason} />
          </>
        )}
        {batches.slice(0, SHOWN).map((batch) => (
          <Link key={batch} className="button" href={`/scans?batch=${batch}`}>
            Batch {batch}
          </Link>
        ))}
        {batches.length > SHOWN && ` and ${batches.length - SHOWN} more batches`}
      </Notice>
      <Told text={text} />
      {refusals.length > 0 && (
        <Problem error={new Error(refusals.slice(0, SHOWN).join(" "))}>
          {refusals.length > SHOWN && ` and ${refusals.length - SHOWN} more`}
        </Problem>
      )}
    </>
  );
}

/** Of a list that is longer than what is counted, only as many are repeated. */
function allText({ count, isExact }: Count): string {
  return count === 1 ? "this one" : `${isExact ? "all" : "the newest"} ${count.toLocaleString()}`;
}
