import { useEffect, useRef, useState } from "react";
import { Name } from "./name.tsx";

const PAUSE_MS = 1_000;

/** A line that changes while one looks at it. Screen readers are told of it once a second at most, and of the last change in any case. */
export function Status({ text }: { text: string }) {
  const [said, setSaid] = useState(text);
  const latest = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = text;
    if (text === said) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setSaid(latest.current);
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
    <>
      <p>
        <Name text={text} />
      </p>
      <span className="unseen" role="status">
        <Name text={said} />
      </span>
    </>
  );
}
