const LONGEST = 200;

/** A value in a sentence: the beginning of its JSON. */
export function brief(value: unknown): string {
  return jsonOf(value).slice(0, LONGEST);
}

/** A value as JSON. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "nothing";
  } catch (error) {
    // What is nested too deeply, or too long for one text, has no JSON.
    if (error instanceof RangeError) return Array.isArray(value) ? "a list" : "an object";
    throw error;
  }
}
