import { useEffect, useRef, useState } from "react";
import { Name } from "./name.tsx";

const PAUSE_MS = 1_000;

/** A line that changes while one looks at it. */
export function Status({ text }: { text: string }) {
  return (
    <>
      <p>
        <Name text={text} />
      </p>
      <Told text={text} />
    </>
  );
}

/** What screen readers are told of a change that others see: once a second at most, and the last change in any case. */
export function Told({ text }: { text: string }) {
  const [said, setSaid] = useState(text);
  const latest = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The pause begins when the page has changed, not when it was told to: a busy one follows later.
  useEffect(() => void (timer.current = undefined), [said]);
  useEffect(() => {
    latest.current = text;
    if (text === said) return;
    timer.current ??= setTimeout(() => {
      if (latest.current === said) timer.current = undefined;
      else setSaid(latest.current);
    }, PAUSE_MS);
  }, [text, said]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return (
    <span className="unseen" role="status">
      <Name text={said} />
    </span>
  );
}
