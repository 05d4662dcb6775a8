import { useState } from "react";
import { useClient } from "urql";
import { RescanOne } from "../../generated/scans.ts";
import { messageOf, Notice, Problem } from "../../parts/notice.tsx";

interface Progress {
  readonly total: number;
  readonly accepted: number;
  readonly refusals: readonly string[];
}

/** Scans the selected scans' samples again, one after the other, and says how far it is. */
export function RescanSelected({ selected, onDone }: { selected: ReadonlySet<number>; onDone(): void }) {
  const client = useClient();
  const [progress, setProgress] = useState<Progress>();
  const answered = progress === undefined ? 0 : progress.accepted + progress.refusals.length;
  const isRunning = progress !== undefined && answered < progress.total;

  const run = async () => {
    let { total, accepted, refusals }: Progress = { total: selected.size, accepted: 0, refusals: [] };
    setProgress({ total, accepted, refusals });
    for (const id of selected) {
      const { data, error } = await client.mutation(RescanOne, { id }).toPromise();
      if (data && "scan" in data.rescan) accepted++;
      else {
        const refused = data?.rescan && "message" in data.rescan ? data.rescan.message : undefined;
        refusals = [...refusals, `Scan ${id}: ${refused ?? (error ? messageOf(error) : "no answer.")}`];
      }
      setProgress({ total, accepted, refusals });
    }
    onDone();
  };

  return (
    <>
      {selected.size > 0 && !isRunning && (
        <button type="button" onClick={() => void run()}>
          Scan {selected.size} again
        </button>
      )}
      {progress && (
        <div role="status">
          <Notice tone={isRunning ? "running" : "clean"}>
            {isRunning
              ? `${answered} of ${progress.total} are sent …`
              : `${progress.accepted} of ${progress.total} are scanned again.`}
          </Notice>
        </div>
      )}
      {progress && progress.refusals.length > 0 && <Problem error={new Error(progress.refusals.join(" "))} />}
    </>
  );
}
