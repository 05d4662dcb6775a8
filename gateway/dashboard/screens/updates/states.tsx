import type { Tone } from "../../parts/notice.tsx";

interface Shown {
  readonly word: string;
  readonly mark: string;
  readonly tone?: Tone;
}

const HOSTS: Readonly<Record<string, Shown>> = {
  WAITING: { word: "Waiting", mark: "…", tone: "running" },
  FETCHING: { word: "Fetching", mark: "↓", tone: "running" },
  TESTING: { word: "Testing", mark: "◔", tone: "running" },
  CANARY: { word: "First host", mark: "◆", tone: "running" },
  SERVING: { word: "Serving", mark: "✔", tone: "clean" },
  HELD: { word: "Held", mark: "‖", tone: "suspicious" },
  FAILED: { word: "Failed", mark: "✖", tone: "infected" },
  GONE: { word: "Offline", mark: "?", tone: "doubt" },
  BY_HOST: { word: "By its host", mark: "·" },
};

const UPDATES: Readonly<Record<string, Shown>> = {
  PENDING: { word: "Waiting", mark: "…", tone: "running" },
  CANARY: { word: "On its first host", mark: "◆", tone: "running" },
  ROLLING: { word: "Going to all hosts", mark: "→", tone: "running" },
  DONE: { word: "Done", mark: "✔", tone: "clean" },
  ROLLED_BACK: { word: "Rolled back", mark: "✖", tone: "infected" },
  HELD: { word: "Held", mark: "‖", tone: "suspicious" },
  CANCELLED: { word: "Replaced", mark: "–" },
};

/** How far a host is, in a word, a mark and a colour. */
export function HostState({ state }: { state: string }) {
  return <State {...(HOSTS[state] ?? { word: state, mark: "·" })} />;
}

/** How far an update is; where one host alone has the engine, no other one follows. */
export function UpdateState({ state, isAlone = false }: { state: string; isAlone?: boolean }) {
  if (isAlone && (state === "CANARY" || state === "ROLLING")) return <State word="Under way" mark="→" tone="running" />;
  return <State {...(UPDATES[state] ?? { word: state, mark: "·" })} />;
}

function State({ word, mark, tone }: Shown) {
  return (
    <span className={`verdict ${tone ? `tone-${tone}` : ""}`}>
      <span aria-hidden="true">{mark}</span>
      {word}
    </span>
  );
}
