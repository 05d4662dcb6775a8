import { useState } from "react";
import { useQuery } from "urql";
import { ReadRulesetTexts } from "../../generated/rulesets.ts";
import { Problem } from "../../parts/notice.tsx";
import { RuleText } from "./rule-text.tsx";
import type { RuleFile } from "./send-ruleset.ts";

/** The rules of a version; a new one can begin with them. */
export function RuleFiles({
  id,
  number,
  onDraft,
}: {
  id: string;
  number: number;
  onDraft?: (texts: readonly RuleFile[]) => void;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const [{ data, error }] = useQuery({ query: ReadRulesetTexts, variables: { id }, pause: !isOpen });
  const texts = data?.rulesetVersion?.texts;
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Rules of version {number}</summary>
      <div className="stack">
        {error && <Problem error={error} what="They could not be read." />}
        {texts === null && (
          <p className="soft">
            They are not shown: they have more than 256 KiB, their files are gone, or one of them is no text.
          </p>
        )}
        {texts?.map(({ path, text }) => (
          <RuleText key={path} label={path} text={text} readOnly />
        ))}
        {texts && onDraft && (
          <div>
            <button type="button" onClick={() => onDraft(texts)}>
              New version from these<span className="unseen"> of version {number}</span>
            </button>
          </div>
        )}
      </div>
    </details>
  );
}
