/**
 * The forms in which a name that somebody searches for may be stored: as given, or trimmed, in either of Unicode's normal forms. macOS
 * writes names decomposed (NFD), keyboards and other systems composed (NFC).
 */
export function writtenForms(name: string): string[] {
  const trimmed = name.trim();
  return [...new Set([name, trimmed, trimmed.normalize("NFC"), trimmed.normalize("NFD")])].filter((form) => form !== "");
}
