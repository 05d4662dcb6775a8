import { useMemo, useState } from "react";
import { useMutation, useQuery } from "urql";
import { go } from "../../app/location.ts";
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

/** All that one engine said, how it was run, and its own words as JSON. */
export function ResultDetails({ result, scanId, isFinal }: Props) {
  // An engine that answers while they are open has more to tell.
  const context = useMemo(() => ({}), [result.state, result.endedAt]);
  const [{ data, error, fetching }] = useQuery({ query: ReadDetails, variables: { id: result.id }, context });
  const [tab, setTab] = useState<"readable" | "json">("readable");
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
            {(["readable", "json"] as const).map((one) => (
              <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>
                {one === "json" ? "JSON" : "Readable"}
              </button>
            ))}
          </div>
          {tab === "json" ? <pre className="json">{JSON.stringify(details, null, 2)}</pre> : <DetailsView details={details} />}
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
