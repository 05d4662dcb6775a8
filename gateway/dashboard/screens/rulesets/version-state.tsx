import type { WatchRulesetsSubscription } from "../../generated/rulesets.ts";
import { Name } from "../../parts/name.tsx";

export type ShownRuleset = WatchRulesetsSubscription["rulesetsUpdated"][number];
export type ShownVersion = ShownRuleset["versions"][number];
type Job = ShownVersion["check"];

/** Whether a check or a try is not over. */
export function isUnderWay(job: Job): boolean {
  return job !== null && (job.state === "WAITING" || job.state === "RUNNING");
}

interface Props {
  readonly of: ShownVersion;
  readonly isServed: boolean;
  /** An update to it is not over. */
  readonly isComing: boolean;
}

/** How far a version is, in a word and a mark. */
export function VersionState({ of: { state, check, removedAt }, isServed, isComing }: Props) {
  const [word, mark, tone] = isServed
    ? ["Enabled", "✔", "tone-clean"]
    : isComing
      ? ["Being enabled", "→", "tone-running"]
      : removedAt !== null
        ? ["Its files are gone", "–", ""]
        : state === "INVALID"
          ? ["Has mistakes", "✖", "tone-infected"]
          : state === "READY"
            ? ["Ready", "✔", ""]
            : isUnderWay(check)
              ? ["Being checked", "…", "tone-running"]
              : ["Not checked", "?", "tone-doubt"];
  return (
    <>
      <span className={`verdict ${tone}`}>
        <span aria-hidden="true">{mark}</span>
        {word}
      </span>
      {state === "CHECKING" && check?.reason && (
        <div className="small">
          <Name text={check.reason} />
        </div>
      )}
    </>
  );
}
