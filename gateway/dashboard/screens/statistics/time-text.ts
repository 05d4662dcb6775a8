const TO_THE_MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** When a point begins, in the reader's own zone. */
export function timeText(start: string): string {
  return TO_THE_MINUTE.format(new Date(start));
}
