import { Link } from "wouter";
import { useAgainAfter, useQuestion } from "../../api/question.ts";
import { ReadRulesetVersion, type ReadRulesetVersionQuery } from "../../generated/rulesets.ts";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Status } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { RuleFiles } from "./rule-files.tsx";
import type { RuleFile } from "./send-ruleset.ts";
import { isUnderWay, type ShownVersion } from "./version-state.tsx";

type Found = NonNullable<ReadRulesetVersionQuery["rulesetVersion"]>;
type Tried = NonNullable<ShownVersion["tried"]>;

const OUTCOMES: Readonly<Record<string, string>> = {
  TIMEOUT: "took too long",
  FAILED: "failed",
  UNSCANNED: "not scanned",
};

/** What is wrong with a version, and which samples it would have matched. */
export function VersionDetails({ of: version, onDraft }: { of: ShownVersion; onDraft?: (texts: readonly RuleFile[]) => void }) {
  const { id, number, state, tried } = version;
  const [{ data, error }, again] = useQuestion({ query: ReadRulesetVersion, variables: { id } });
  useAgainAfter(`${state} ${tried?.state} ${tried?.done}`, again);
  const found = data?.rulesetVersion;
  return (
    <div className="stack">
      <h3>Version {number}</h3>
      <RuleFiles id={id} number={number} {...(onDraft && { onDraft })} />
      {error && <Problem error={error} what="It could not be read." />}
      {found && found.mistakes.length > 0 && <Mistakes of={found} />}
      {tried && <Progress of={tried} number={number} />}
      {found && tried && found.triedSamples.nodes.length > 0 && <Samples of={found} />}
      {state === "READY" && tried === null && found?.mistakes.length === 0 && (
        <p className="soft">Nothing is wrong with it. Try it to see which stored samples it would have matched.</p>
      )}
    </div>
  );
}

function Mistakes({ of: { mistakes, mistakesOmitted } }: { of: Found }) {
  return (
    <>
      <Table columns={["File", "Line", "What is wrong"]}>
        {mistakes.map(({ path, line, message, severity }) => (
          <tr key={`${path} ${line} ${message}`}>
            <td>
              <Name text={path} />
            </td>
            <td className="number">{line ?? "–"}</td>
            <td>
              {severity === "WARNING" && <span className="soft">Warning: </span>}
              <Name text={message} />
            </td>
          </tr>
        ))}
      </Table>
      {mistakesOmitted > 0 && <p className="small">and {mistakesOmitted} more</p>}
    </>
  );
}

function Progress({ of: tried, number }: { of: Tried; number: number }) {
  const { state, reason, done, total } = tried;
  return (
    <>
      {isUnderWay(tried) && (
        <progress aria-label={`Samples that version ${number} was tried against`} max={Math.max(1, total)} value={done} />
      )}
      <Status text={summaryOf(tried)} />
      {reason !== null && (
        <p className={state === "FAILED" ? "" : "small"}>
          <Name text={reason} />
        </p>
      )}
    </>
  );
}

/** Such as `Would have matched 14 of the last 1,000 samples.` */
function summaryOf(tried: Tried): string {
  const { state, done, total, matched, unfinished, gone } = tried;
  const count = (n: number) => n.toLocaleString("en");
  if (isUnderWay(tried))
    return total === 0
      ? "Being tried."
      : `Being tried: ${count(matched)} of ${count(done)} match, and ${count(total - done)} are left.`;
  const of = state === "DONE" || done === total ? count(done) : `${count(done)} of ${count(total)}`;
  const way = state === "CANCELLED" ? "Cancelled: it would" : state === "FAILED" ? "Given up: it would" : "Would";
  const others = [
    ...(unfinished > 0 ? [`${count(unfinished)} not finished`] : []),
    ...(gone > 0 ? [`${count(gone)} deleted before their turn`] : []),
  ];
  return [`${way} have matched ${count(matched)} of the last ${of} samples`, ...others].join("; ").concat(".");
}

function Samples({ of: { triedSamples } }: { of: Found }) {
  return (
    <>
      <Table columns={["Sample", "Rules"]}>
        {triedSamples.nodes.map(({ sha256, name, outcome, rules, reason }) => (
          <tr key={sha256}>
            <td>
              <Link href={`/sample/${sha256}`}>
                <Name text={name ?? sha256} />
              </Link>
            </td>
            <td>
              <Name text={outcome === "MATCH" ? rules.join(", ") : `${OUTCOMES[outcome] ?? outcome}: ${reason ?? ""}`} />
            </td>
          </tr>
        ))}
      </Table>
      {triedSamples.pageInfo.hasNextPage && <p className="small">The first 100 are shown; the command and the API list all.</p>}
    </>
  );
}
