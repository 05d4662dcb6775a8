import { useId, useRef, useState } from "react";

/** What a rule looks like that changes verdicts. */
export const SAMPLE_RULE = `rule Known_Loader {
  meta:
    verdict = "infected"
  strings:
    $a = "a text that only the loader has"
  condition:
    $a
}`;

/** A field for rules, with the numbers of its lines: mistakes are told by them. */
export function RuleText({ name, label }: { name: string; label: string }) {
  const id = useId();
  const numbers = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState(1);
  return (
    <div className="field rules">
      <label htmlFor={id}>{label}</label>
      <div className="numbered">
        <div ref={numbers} className="numbers" aria-hidden="true">
          {Array.from({ length: lines }, (_, n) => n + 1).join("\n")}
        </div>
        {/* A browser scrolls to the line with the cursor, which need not show the field. */}
        <textarea
          id={id}
          name={name}
          rows={8}
          wrap="off"
          spellCheck={false}
          placeholder={SAMPLE_RULE}
          onChange={({ currentTarget }) => setLines(currentTarget.value.split("\n").length)}
          onFocus={({ currentTarget }) => currentTarget.scrollIntoView({ block: "nearest" })}
          onScroll={({ currentTarget }) => {
            if (numbers.current) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
    </div>
  );
}
