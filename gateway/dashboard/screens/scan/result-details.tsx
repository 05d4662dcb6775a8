import { useState } from "react";
import { useMutation } from "urql";
import { useAgainAfter, useQuestion } from "../../api/question.ts";
import { go } from "../../app/location.ts";
import { useParameters } from "../../app/parameters.ts";
import { useMay } from "../../app/viewer.ts";
import { ReadDetails, RetryResult } from "../../generated/scan.ts";
import { Ago, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { ClosedMembers } from "./closed-members.tsx";
import { DetailsView } from "./details-view.tsx";
import { SuppressForm } from "./suppress-form.tsx";
import { isRun, Limits, runFacts } from "./run-facts.tsx";
import type { ReportedResult } from "./reported-result.ts";

interface Props {
  result: ReportedResult;
  scanId: number;
  isFinal: boolean;
}

/** The form of the details as the address has it, and its name. */
const FORMS = [
  [undefined, "Readable"],
  ["json", "JSON"],
] as const;

/** All that one engine said, how it was run, and its own words as JSON. */
export function ResultDetails({ result, scanId, isFinal }: Props) {
  const [{ data, error, fetching }, again] = useQuestion({ query: ReadDetails, variables: { id: result.id } });
  // An engine that answers while they are open has more to tell.
  useAgainAfter(`${result.state} ${result.endedAt}`, again);
  const { parameters, addressWith } = useParameters();
  const isJson = parameters.get("as") === "json";
  const node = data?.node;
  const details = node && "details" in node ? node.details : null;
  const closed = node && "closed" in node ? node.closed : [];
  const run = node && isRun(node) ? node : undefined;
  return (
    <div className="details stack">
      <Facts result={result} ofRun={run ? runFacts(run) : []} />
      {run && <Limits run={run} />}
      {error && <Problem error={error} what="The details could not be read." />}
      {fetching && <p className="soft">Loading …</p>}
      {closed.length > 0 && <ClosedMembers closed={closed} />}
      {details && (
        <div className="stack">
          <div className="row" role="group" aria-label="Form of the details">
            {FORMS.map(([as, word]) => (
              <button
                key={word}
                type="button"
                aria-pressed={isJson === (as === "json")}
                onClick={() => go(addressWith({ as }), { replace: true })}
              >
                {word}
              </button>
            ))}
          </div>
          {isJson ? (
            <pre className="json" tabIndex={0} aria-label="JSON">
              {JSON.stringify(details, null, 2)}
            </pre>
          ) : (
            <DetailsView details={details} />
          )}
          {result.truncated && <p className="soft">The details were too long and have been shortened.</p>}
        </div>
      )}
      {!fetching && !error && !details && closed.length === 0 && <p className="soft">It gave no details.</p>}
      <SuppressForm result={result} />
      {isFinal && <Retry scanId={scanId} engine={result.engine} />}
    </div>
  );
}

type Fact = readonly [string, React.ReactNode];

function Facts({ result, ofRun }: { result: ReportedResult; ofRun: readonly Fact[] }) {
  const { versions, agent, startedAt, endedAt, image, causeText, internet } = result;
  const facts: readonly Fact[] = [
    ["Version", versions.engine && <Name text={versions.engine} />],
    ["Signatures", versions.signatures && <Name text={versions.signatures} />],
    [
      "Signatures of",
      versions.signatureDate && (
        <>
          <Time at={versions.signatureDate} />, <Ago at={versions.signatureDate} />
        </>
      ),
    ],
    ["Agent", agent && <Name text={agent} />],
    ["Network", internet ? "can reach the internet" : "isolated"],
    ["Cause", causeText],
    ["Started", startedAt && <Time at={startedAt} />],
    ["Ended", endedAt && <Time at={endedAt} />],
    ["Image", image && <code>{image.digest ?? image.id}</code>],
    ...ofRun,
  ];
  return (
    <dl className="facts small">
      {facts.map(
        ([label, value]) =>
          value && (
            <div key={label} className="fact">
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Retry({ scanId, engine }: { scanId: number; engine: string }) {
  const [{ fetching }, retry] = useMutation(RetryResult);
  const [problem, setProblem] = useState<Error>();
  if (!useMay("SCAN_WRITE")) return null;
  const run = async () => {
    const { data, error } = await retry({ id: scanId, engine });
    if (data && "scan" in data.retryResult) return go(`/scan/${data.retryResult.scan.scanId}`);
    const answer = data?.retryResult;
    setProblem(error ?? new Error(answer && "message" in answer ? answer.message : "The gateway did not answer."));
  };
  return (
    <div>
      <button type="button" disabled={fetching} onClick={() => void run()}>
        Run only this engine again
      </button>
      {problem && <Problem error={problem} />}
    </div>
  );
}
