/** What programs write where they have no text. */
const BLANK = /^(?:|-+|\(null\)|<?nil>?|null|undefined|n\/a)$/i;
/** Words by which an engine says that there is nothing to say. */
const NOTHING = /^(?:ok|clean|none|\(none\)|not infected|no threats? found)$/i;

/** A text or a number without what surrounds it; empty where it stands for no text at all, as `(null)` does. */
export function plainText(value: unknown): string {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  const plain = text.replaceAll("\0", "").trim();
  return BLANK.test(plain) ? "" : plain;
}

/** The name of a signature; null for a word that names none. */
export function signatureName(value: unknown): string | null {
  const name = plainText(value);
  return name === "" || NOTHING.test(name) ? null : name;
}
