import { useSubscription } from "urql";
import { Link } from "wouter";
import { useReopened } from "../../api/live.ts";
import { useAgainAfter, useQuestion } from "../../api/question.ts";
import { useParameters } from "../../app/parameters.ts";
import { ReadFlips, WatchFlips } from "../../generated/changed.ts";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { FlipTable } from "./flip-table.tsx";
import { Rescans, useRescans } from "./rescans.tsx";

/** Verdicts that have changed with an engine's signatures, and for which engines they are looked for. */
export default function Changed() {
  const { parameters, addressWith } = useParameters();
  const engine = parameters.get("engine");
  const hash = parameters.get("hash");
  const filter = { engines: engine === null ? null : [engine], hashes: hash === null ? null : [hash] };
  const isFiltered = engine !== null || hash !== null;
  const variables = { filter: isFiltered ? filter : null, after: parameters.get("after") };
  const [{ data, error, fetching }, again] = useQuestion({ query: ReadFlips, variables });
  const [{ data: told }] = useSubscription({ query: WatchFlips });
  useAgainAfter(`${told?.verdictFlipped.revision}`, again);
  useReopened(again);
  const flips = data?.verdictFlips.nodes;
  const rescans = useRescans();
  const isOff = rescans.rescans?.every(({ enabled }) => !enabled) === true;
  return (
    <div className="stack">
      <h1>Changed verdicts</h1>
      <section className="card stack" aria-labelledby="flips" aria-busy={fetching && data === undefined}>
        <div className="row spread">
          <h2 id="flips">After updates of engines, the newest first</h2>
          {isFiltered && (
            <Link className="button" href={addressWith({ engine: undefined, hash: undefined, after: undefined })}>
              Show all
            </Link>
          )}
        </div>
        {error && <Problem error={error} what="The changed verdicts could not be read." />}
        {flips?.length === 0 && (
          <Empty title={isOff && !isFiltered ? "Nobody looks for changed verdicts" : "No verdict has changed"}>
            {isFiltered
              ? "None of this engine or sample has."
              : isOff
                ? "Switch it on for an engine below: after its next update, samples are scanned again by it, and what it says of them now is compared with what it said before."
                : "After the next update of an engine for which it is on, what it says of samples then is compared with what it said before."}
          </Empty>
        )}
        {flips !== undefined && flips.length > 0 && <FlipTable flips={flips} />}
        {data && <Pager pageInfo={data.verdictFlips.pageInfo} what="changed verdicts" />}
      </section>
      <Rescans of={rescans} />
    </div>
  );
}
