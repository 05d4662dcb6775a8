import type { Tone } from "./notice.tsx";

interface Word {
  readonly word: string;
  readonly mark: string;
  readonly tone: Tone | undefined;
}

const VERDICTS: Readonly<Record<string, Word>> = {
  INFECTED: { word: "Infected", mark: "✖", tone: "infected" },
  SUSPICIOUS: { word: "Suspicious", mark: "▲", tone: "suspicious" },
  INCONCLUSIVE: { word: "Inconclusive", mark: "?", tone: "doubt" },
  CLEAN: { word: "Clean", mark: "✔", tone: "clean" },
};
const STATES: Readonly<Record<string, Word>> = {
  QUEUED: { word: "Queued", mark: "…", tone: "running" },
  SCANNING: { word: "Scanning", mark: "…", tone: "running" },
  CANCELLED: { word: "Cancelled", mark: "–", tone: undefined },
  NO_AGENT: { word: "No agent", mark: "!", tone: "doubt" },
  TIMEOUT: { word: "Timed out", mark: "!", tone: "doubt" },
  FAILED: { word: "Failed", mark: "!", tone: "doubt" },
  UNSCANNED: { word: "Unscanned", mark: "!", tone: "doubt" },
  DONE: { word: "Done", mark: "·", tone: undefined },
};
const OPEN: Word = { word: "Scanning", mark: "…", tone: "running" };

/** A verdict in a word. */
export function verdictWord(verdict: string | null): string {
  return (VERDICTS[verdict ?? ""] ?? OPEN).word;
}

/** A verdict in a word, a mark and a colour. */
export function Verdict({ verdict }: { verdict: string | null }) {
  return <Badge {...(VERDICTS[verdict ?? ""] ?? OPEN)} />;
}

/** How one engine is with a scan: its verdict once it is done, else its state. */
export function Outcome({ state, verdict }: { state: string; verdict: string | null }) {
  return <Badge {...(VERDICTS[verdict ?? ""] ?? STATES[state] ?? { word: state, mark: "·", tone: undefined })} />;
}

function Badge({ word, mark, tone }: Word) {
  return (
    <span className={`verdict ${tone ? `tone-${tone}` : ""}`}>
      <span aria-hidden="true">{mark}</span>
      {word}
    </span>
  );
}
