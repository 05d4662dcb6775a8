/** What of a sample a command can name. */
export interface CommandValues {
  readonly file: string;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
}

/** The command with what stands in braces filled in; a secret that is not known stays as it is. */
export function fillCommand(
  words: readonly string[],
  values: CommandValues,
  secrets: Readonly<Record<string, string>>,
): string[] {
  return words.map((word) =>
    word
      .replaceAll(/\{(file|sha256|sha1|md5)\}/g, (_, name: keyof CommandValues) => values[name])
      .replaceAll(/\{secret:([a-z0-9-]+)\}/g, (whole, name: string) => secrets[name] ?? whole),
  );
}
