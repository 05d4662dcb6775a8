import type { Reading } from "../api/reading.ts";
import { Ago } from "./measure.tsx";

interface Props {
  of: Reading;
  /** The beginning of the sentence that says when it was read. */
  label?: string;
  /** What was read, for those who cannot see where the button stands. */
  what: string;
  /** Reads more than that again. */
  onReload?: () => void;
}

/** How old something is that does not change by itself, with a button that reads it again. */
export function ReadAt({ of: { readAt, isReading, again }, label = "Read", what, onReload = again }: Props) {
  return (
    <div className="row soft small">
      {readAt === undefined ? (
        isReading && <span>Loading …</span>
      ) : (
        <span>
          {label} <Ago at={readAt} />
        </span>
      )}
      <button type="button" disabled={isReading} onClick={onReload}>
        Reload<span className="unseen"> {what}</span>
      </button>
    </div>
  );
}
