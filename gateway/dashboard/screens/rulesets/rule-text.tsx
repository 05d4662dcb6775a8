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

interface Props {
  readonly name?: string;
  readonly label: string;
  readonly text: string;
  readonly readOnly?: boolean;
}

/** A field for rules, with the numbers of its lines: mistakes are told by them. */
export function RuleText({ name, label, text, readOnly = false }: Props) {
  const id = useId();
  const numbers = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState(countLines(text));
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
          rows={readOnly ? Math.min(20, lines) : Math.min(30, Math.max(8, countLines(text)))}
          readOnly={readOnly}
          defaultValue={text}
          wrap="off"
          spellCheck={false}
          placeholder={readOnly ? undefined : SAMPLE_RULE}
          onChange={({ currentTarget }) => setLines(countLines(currentTarget.value))}
          onFocus={({ currentTarget }) => currentTarget.scrollIntoView({ block: "nearest" })}
          onScroll={({ currentTarget }) => {
            if (numbers.current) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
    </div>
  );
}

function countLines(text: string): number {
  return text.split("\n").length;
}
