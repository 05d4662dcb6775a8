import { Link } from "wouter";
import { useTitle } from "../../app/title.ts";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { verdictWord } from "../../parts/verdict.tsx";
import { Status } from "../../parts/status.tsx";
import { Notice, type Tone } from "../../parts/notice.tsx";
import { Advice } from "./advice.tsx";
import { isLate, type ReportedResult } from "./reported-result.ts";
import type { Wait } from "./use-waits.ts";

const TONES: Readonly<Record<string, Tone>> = {
  INFECTED: "infected",
  SUSPICIOUS: "suspicious",
  INCONCLUSIVE: "doubt",
  CLEAN: "clean",
};

/** What was scanned, and the verdict with its proof in one sentence. */
export function ScanHead({ scan, waits }: { scan: ScanReportFragment; waits: ReadonlyMap<string, Wait> }) {
  const { name, sample, verdict, startDate, endDate, previous, proof, detections, done, total, errors } = scan;
  const tone = TONES[verdict ?? ""] ?? "running";
  useTitle(`${name}: ${verdictWord(verdict)}`);
  const isFoundLate = scan.results.some((result) => isDetection(result) && isLate(result, scan));
  const away = scan.results.filter(({ state, engine }) => state === "QUEUED" && waits.get(engine)?.hasAgent === false);
  return (
    <header className="stack">
      <div>
        <h1>
          <Name text={name} />
        </h1>
        <p className="soft">
          <Link className="mono" href={`/sample/${sample.sha256}`}>
            {sample.sha256}
          </Link>{" "}
          · {bytesText(sample.size)} · <Name text={sample.mime} />
        </p>
        <p className="soft">
          Scan {scan.scanId}, <Ago at={startDate} />
          {previous && (
            <>
              , repeats <Link href={`/scan/${previous.scanId}`}>scan {previous.scanId}</Link>
            </>
          )}
          . <Link href={`/sample/${sample.sha256}`}>All scans of this file</Link>
        </p>
      </div>
      <div className={`proof tone-${tone}`}>
        <div className="ratio">
          <strong>
            {detections}
            <span className="unseen"> of </span>
            <span aria-hidden="true"> / </span>
            {total - errors}
          </strong>
          <span className="small">detect it</span>
        </div>
        <div>
          <Status text={proof.text} />
          <Advice scan={scan} />
          {isFoundLate && <span className="chip tone-suspicious">Found after the scan had ended</span>}
        </div>
      </div>
      {endDate === null && (
        <div>
          <p className="small soft">
            {done} of {total} engines have ended
          </p>
          {away.length > 0 && (
            <p className="small">
              No agent has <Name text={away.map(({ engine }) => engine).join(", ")} /> now: the scan waits for one until its time
              is over. <Link href="/fleet">Fleet</Link>
            </p>
          )}
          <progress aria-label="Engines that have ended" max={total} value={done} />
        </div>
      )}
      {scan.stale && (
        <Notice tone="doubt">
          Signatures that are older than they should be:{" "}
          <Name
            text={scan.results
              .filter(({ type, stale }) => type === "AV" && stale)
              .map(({ engine }) => engine)
              .join(", ")}
          />
        </Notice>
      )}
    </header>
  );
}

function isDetection({ verdict }: ReportedResult): boolean {
  return verdict === "INFECTED" || verdict === "SUSPICIOUS";
}
