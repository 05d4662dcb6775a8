import { useState } from "react";
import { useSubscription } from "urql";
import { useMay } from "../../app/viewer.ts";
import { WatchRulesets } from "../../generated/rulesets.ts";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/notice.tsx";
import { NewVersion } from "./new-version.tsx";
import { SAMPLE_RULE } from "./rule-text.tsx";
import { RulesetCard } from "./ruleset-card.tsx";
import type { Draft } from "./send-ruleset.ts";

/** Rules of people: sent, checked, tried against stored samples, enabled and rolled back. */
export default function Rulesets() {
  const [{ data, error }] = useSubscription({ query: WatchRulesets });
  const rulesets = data?.rulesetsUpdated;
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const begin = (draft: Draft) => setDrafts((before) => [...before, draft]);
  const mayWrite = useMay("FLEET_WRITE");
  return (
    <div className="stack">
      <div>
        <h1>Rulesets</h1>
        <p className="soft">Rules of your own for Yara. A host checks a new version; no host serves it before it is enabled.</p>
      </div>
      {error && rulesets === undefined && <Problem error={error} what="The rulesets could not be read." />}
      {mayWrite && <NewVersion key={drafts.length} names={rulesets?.map(({ name }) => name) ?? []} draft={drafts.at(-1)} />}
      {rulesets?.length === 0 && (
        <Empty title="There is no ruleset">
          {mayWrite && "Paste rules, or choose files. This is a rule with which a scan becomes INFECTED:"}
          {mayWrite && <pre>{SAMPLE_RULE}</pre>}
        </Empty>
      )}
      {rulesets?.map((one) => (
        <RulesetCard key={`${one.engine} ${one.name}`} of={one} mayWrite={mayWrite} onDraft={begin} />
      ))}
    </div>
  );
}
