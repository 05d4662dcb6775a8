/**
 * The ways in which a name can be stored that somebody looks for: as it is given, or without the blanks around it in either of
 * Unicode's normal forms. macOS writes names in parts (NFD), keyboards and other systems whole (NFC).
 */
export function writtenForms(name: string): string[] {
  const trimmed = name.trim();
  return [...new Set([name, trimmed, trimmed.normalize("NFC"), trimmed.normalize("NFD")])].filter((form) => form !== "");
}
