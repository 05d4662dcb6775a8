/** The two ends of a window of the day in a form. */
interface Props {
  readonly windowFrom: number | null;
  readonly windowTo: number | null;
  /** What it is of, for those who cannot see where it stands. */
  readonly of: string;
  readonly disabled: boolean;
}

/** When updates may begin. Both are empty where they may at any time. */
export function WindowFields({ windowFrom, windowTo, of, disabled }: Props) {
  const ends = [
    ["windowFrom", "From (UTC)", windowFrom],
    ["windowTo", "To (UTC)", windowTo],
  ] as const;
  return ends.map(([name, label, minute]) => (
    <label key={name} className="field">
      <span>
        {label}
        <span className="unseen"> for {of}</span>
      </span>
      <input type="time" name={name} defaultValue={timeText(minute)} disabled={disabled} />
    </label>
  ));
}

/** The window that a form says. */
export function readWindow(form: FormData): { windowFrom: number | null; windowTo: number | null } {
  return { windowFrom: minuteOf(form.get("windowFrom")), windowTo: minuteOf(form.get("windowTo")) };
}

function timeText(minute: number | null): string {
  if (minute === null) return "";
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function minuteOf(text: FormDataEntryValue | null): number | null {
  if (typeof text !== "string" || text === "") return null;
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}
