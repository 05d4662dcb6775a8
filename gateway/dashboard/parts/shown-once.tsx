import { useEffect, useRef } from "react";
import { Copy } from "./copy.tsx";
import { Notice } from "./notice.tsx";

interface Props {
  /** What it is, such as `API key`. */
  readonly what: string;
  readonly text: string;
  onDone(): void;
}

/** A secret that the gateway tells once. The keyboard is led to it. */
export function ShownOnce({ what, text, onDone }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <div ref={place} tabIndex={-1} role="group" aria-label={`The new ${what}`}>
      <Notice tone="clean">
        <strong>This {what} is shown only now. Keep it where only its user can read it.</strong>
        <div className="row">
          <code className="command">{text}</code>
          <Copy text={text} what={`the ${what}`} />
          <button type="button" onClick={onDone}>
            I have stored it
          </button>
        </div>
      </Notice>
    </div>
  );
}
