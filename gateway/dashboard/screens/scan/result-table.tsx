import { Fragment } from "react";
import { Link } from "wouter";
import { go } from "../../app/location.ts";
import { useParameters } from "../../app/parameters.ts";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { engineAddress } from "../../parts/engine-rates.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { useRows } from "../../parts/rows.tsx";
import { ScrollX } from "../../parts/scroll-x.tsx";
import { useNarrow } from "../../parts/narrow.ts";
import { Outcome } from "../../parts/verdict.tsx";
import { isLate, type ReportedResult } from "./reported-result.ts";
import { ResultDetails } from "./result-details.tsx";
import { Suppressed } from "./suppressed.tsx";
import { byWeight } from "./result-order.ts";
import type { Wait } from "./use-waits.ts";

/** A page has 80 rows of tables at most: the rest is for the details of one engine. */
const ROWS = 60;

/** Every engine's answer. The rows stay where they are while engines answer, and are sorted once nothing is open. */
export function ResultTable({ scan, waits }: { scan: ScanReportFragment; waits: ReadonlyMap<string, Wait> }) {
  const { parameters, addressWith } = useParameters();
  const opened = parameters.get("engine");
  const open = (engine: string | undefined) => go(addressWith({ engine, as: undefined }), { replace: true });
  const results = scan.endDate === null ? scan.results : scan.results.toSorted(byWeight);
  const { rows, buttons } = useRows(results, "Engines", { length: ROWS, place: "from" });
  return (
    <section className="card" aria-labelledby="engines">
      <div className="row">
        <h2 id="engines">Engines</h2>
        <span className="small soft">{countsText(scan.results)}</span>
      </div>
      <ScrollX>
        <table className="whole-words">
          <thead>
            <tr>
              <th scope="col">Engine</th>
              <th scope="col" className="wide">
                Answer
              </th>
              <th scope="col">Found, or why not</th>
              <th scope="col" className="number wide">
                Time
              </th>
              <th scope="col">
                <span className="unseen">Details</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((result) => (
              <Fragment key={result.engine}>
                <Row
                  result={result}
                  scan={scan}
                  wait={waits.get(result.engine)?.words}
                  isOpened={opened === result.engine}
                  onToggle={() => open(opened === result.engine ? undefined : result.engine)}
                />
                {opened === result.engine && (
                  <tr id={`details-${result.id}`}>
                    <td colSpan={5}>
                      <ResultDetails result={result} scanId={scan.scanId} isFinal={scan.endDate !== null} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {buttons}
    </section>
  );
}

/** How many were asked, and how many of them did what: one that failed has ended, and has said nothing. */
function countsText(results: readonly ReportedResult[]): string {
  const open = results.filter(({ state }) => state === "QUEUED" || state === "SCANNING").length;
  const done = results.filter(({ state }) => state === "DONE").length;
  const failed = results.length - open - done;
  const parts = [`${results.length} asked`, `${done} done`];
  if (failed > 0) parts.push(`${failed} did not finish`);
  if (open > 0) parts.push(`${open} open`);
  return parts.join(", ");
}

/** What it found, why it could not, or what it waits for. */
function sayingOf(
  { signature, error, causeText, state, verdict, suppressed, agent }: ReportedResult,
  wait: string | undefined,
): string | undefined {
  const said = signature ?? error ?? causeText;
  if (said !== null) return said;
  if (state === "DONE" && (verdict === null || verdict === "CLEAN") && suppressed.length === 0) return "Found nothing";
  if (state === "SCANNING" && agent !== null) return `Runs on ${agent}`;
  return state === "QUEUED" ? wait : undefined;
}

interface RowProps {
  result: ReportedResult;
  scan: ScanReportFragment;
  wait: string | undefined;
  isOpened: boolean;
  onToggle(): void;
}

function Row({ result, scan, wait, isOpened, onToggle }: RowProps) {
  const { engine, id, verdict, durationMs, stale, reusedFrom, state, suppressed } = result;
  const isNarrow = useNarrow();
  const saying = sayingOf(result, wait);
  const outcome = <Outcome state={state} verdict={verdict} />;
  return (
    <tr>
      <th scope="row" className="engine">
        <Link href={engineAddress(engine)}>
          <Name text={engine} />
        </Link>
        {isNarrow && <div>{outcome}</div>}
      </th>
      {!isNarrow && <td>{outcome}</td>}
      <td>
        {saying !== undefined && <Name text={saying} />}
        {/* What is not done says it in its error. */}
        {state === "DONE" && suppressed.length > 0 && <Suppressed of={suppressed} />}
        <span className="row">
          {isLate(result, scan) && <span className="chip tone-doubt">came after the end</span>}
          {stale && <span className="chip tone-doubt">old signatures</span>}
          {reusedFrom !== null && <span className="chip">from scan {reusedFrom}</span>}
        </span>
      </td>
      <td className="number wide">{durationMs === null ? "" : durationText(durationMs)}</td>
      <td>
        <button className="plain" type="button" aria-expanded={isOpened} aria-controls={`details-${id}`} onClick={onToggle}>
          <span className="wide-text">Details</span>
          <span className="unseen">
            {" "}
            of <Name text={engine} />
          </span>
        </button>
      </td>
    </tr>
  );
}
