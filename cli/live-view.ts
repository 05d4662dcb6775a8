import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import type { EngineResult, Report } from "./report.js";
import { countOf, describeFile, printable, describeResult, describeWait, type View } from "./view.js";

/** The part of a terminal that this view needs. One that does not know its size says 0. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
}

const REDRAW_MS = 80;
const SEGMENTS = new Intl.Segmenter();
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_BELOW = "\u001b[0J";
const COLOURS = {
  INFECTED: 31,
  SUSPICIOUS: 33,
  CLEAN: 32,
  INCONCLUSIVE: 33,
  FAILED: 33,
  TIMEOUT: 33,
  NO_AGENT: 33,
  UNSCANNED: 33,
  SCANNING: 36,
} as const;

export interface LiveViewOptions {
  /** How many files there are, where the user has not counted them. */
  readonly total?: number | undefined;
  readonly colours?: boolean;
}

/** A table that is drawn again as engines finish; what is final moves up above it and stays. With `total` it ends in a line on how many files are done. */
export function createLiveView(terminal: Terminal, { total, colours: hasColours = true }: LiveViewOptions = {}): View {
  const colourText = (text: string, colour: number) => (hasColours ? `\u001b[${colour}m${text}\u001b[0m` : text);
  const active = new Map<string, Active>();
  let count = 0;
  let height = 0;
  let timer: NodeJS.Timeout | undefined;
  terminal.write(HIDE_CURSOR);

  function erase(): string {
    const up = height > 0 ? `\u001b[${height}A` : "";
    height = 0;
    return `${up}\r${CLEAR_BELOW}`;
  }

  function draw(above: readonly string[] = []): void {
    clearTimeout(timer);
    timer = undefined;
    const columns = terminal.columns || 80;
    const counter = total === undefined ? [] : [`${count} of ${countOf(total, "file")}`];
    const all = [...active].flatMap(([file, now]) => lines(file, now, colourText));
    // Lines beyond the screen cannot be redrawn. If they do not fit, each file gets one line, and only the first files are shown.
    const room = Math.max((terminal.rows || 24) - 1 - counter.length, 1);
    const fitting = (all.length <= room ? all : [...active].map(([file, now]) => headline(file, now))).slice(0, room);
    const kept = [...fitting, ...counter];
    const text = [...above, ...kept.map((line) => cut(line, columns))].map((line) => `${line}\n`).join("");
    terminal.write(erase() + text);
    height = kept.length;
  }

  function drawSoon(): void {
    timer ??= setTimeout(draw, REDRAW_MS);
  }

  return {
    sending(file) {
      active.set(file, {});
      drawSoon();
    },
    progress(file, report) {
      active.set(file, { report });
      drawSoon();
    },
    waiting(file, report) {
      active.set(file, { report, waits: true });
      drawSoon();
    },
    finished(outcome) {
      const { file, report } = outcome;
      active.delete(file);
      count += 1;
      const verdict = report?.verdict;
      const last = verdict ? colourText(describeFile(outcome), COLOURS[verdict]) : describeFile(outcome);
      draw([...(report ? report.results.map(engineLine(report, colourText)) : []), last]);
    },
    notice: (line) => draw([line]),
    close() {
      clearTimeout(timer);
      terminal.write(erase() + SHOW_CURSOR);
    },
  };
}

type Colouring = (text: string, colour: number) => string;

/** A file that is sent, or scanned. */
interface Active {
  readonly report?: Report;
  /** Nothing has come of it for a while. */
  readonly waits?: boolean;
}

function lines(file: string, now: Active, colourText: Colouring): string[] {
  return [headline(file, now), ...(now.report ? now.report.results.map(engineLine(now.report, colourText)) : [])];
}

function headline(file: string, { report, waits }: Active): string {
  if (!report) return `${printable(file)}  sending`;
  const { scanId, done, total, verdict } = report;
  return [printable(file), `scan ${scanId}`, `${done} of ${total}`, verdict ?? [], waits ? describeWait(report) : []]
    .flat()
    .join("  ");
}

function engineLine({ results }: Report, colourText: Colouring): (result: EngineResult) => string {
  const width = Math.max(...results.map(({ engine }) => engine.length));
  return (result) => {
    const colour = COLOURS[(result.verdict ?? result.state) as keyof typeof COLOURS];
    const time = result.durationMs === null ? "" : `${result.durationMs.toFixed(0)} ms`;
    return `  ${result.engine.padEnd(width)}  ${time.padStart(9)}  ${colour === undefined ? describeResult(result) : colourText(describeResult(result), colour)}`;
  };
}

/** A line that wraps would break the redrawing. Some characters take two columns, others none. */
function cut(line: string, columns: number): string {
  if (stringWidth(line) < columns) return line;
  let [kept, room] = ["", Math.max(columns - 2, 0)];
  for (const { segment } of SEGMENTS.segment(stripVTControlCharacters(line))) {
    room -= stringWidth(segment);
    if (room < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}
