import { useEffect } from "react";
import { Link } from "wouter";
import { pause } from "../../api/persist.ts";
import { createStore, useStore } from "../../api/store.ts";
import type { ScanFilter } from "../../generated/scans.ts";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Told } from "../../parts/status.tsx";
import { howRepeated } from "./how-repeated.ts";
import { countScans, countText, type Count } from "./count-scans.ts";
import { chosenScans, repeatScans, scansOf, type Repetition } from "./repeat-scans.ts";

/** As many as one can read. */
const SHOWN = 10;

interface Question {
  readonly question: string;
  /** How many it is about. */
  readonly total: number;
}

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

  const run = async (ask: () => Promise<Question>, parts: (signal: AbortSignal) => AsyncIterable<readonly number[]>) => {
    const { signal } = (stopping = new AbortController());
    current.set({ isRunning: true });
    try {
      const { question, total } = await ask();
      // What is selected stays so.
      if (!confirm(`${question} ${await howRepeated()}`)) return current.set(IDLE);
      await repeatScans(parts(signal), total, tell, signal);
      current.set({ ...current.get(), isRunning: false });
    } catch (error) {
      current.set({ ...current.get(), isRunning: false, ...(!signal.aborted && { problem: error as Error }) });
    }
    onDone();
  };
  const tell = (told: Repetition) => current.set({ isRunning: true, repetition: told });
  const repeatSelected = () => {
    const total = selected.size;
    const question = `Repeat ${countText({ count: total, isExact: true })}?`;
    void run(
      async () => ({ question, total }),
      () => chosenScans(selected),
    );
  };
  const repeatAll = (wanted: ScanFilter) =>
    void run(
      async () => {
        const counted = await countScans(wanted);
        const question = counted.isExact
          ? `Repeat all ${countText(counted)} of this list?`
          : `This list has ${countText(counted)}. Repeat the newest ${counted.count.toLocaleString()}?`;
        return { question, total: counted.count };
      },
      (signal) => scansOf(wanted, signal),
    );

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
