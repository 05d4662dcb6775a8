import { visibleText } from "../../../schema/visible-text.ts";

const LONGEST = 240;

/** A text from outside, such as a sample's name: characters that hide or turn round are made visible, and it cannot widen the page. */
export function Name({ text, className = "" }: { text: string; className?: string }) {
  const shown = visibleText(text);
  return (
    <bdi className={`name ${className}`} title={shown.length > LONGEST ? shown.slice(0, 4 * LONGEST) : undefined}>
      {shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown}
    </bdi>
  );
}
