import type { Sample } from "../contract.js";

/** What the braces in a manifest's command can stand for. */
export interface CommandValues {
  /** `{sha256}`, `{sha1}` and `{md5}`. */
  readonly hashes?: Pick<Sample, "sha256" | "sha1" | "md5">;
  /** `{file}`: the sample's path, as the engine sees it. */
  readonly file?: string;
  /** `{secret:<name>}`, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A manifest's command for one sample; what has no value stays as it is. */
export function fillCommand(words: readonly string[], { hashes, file, secrets = {} }: CommandValues): string[] {
  const values: Readonly<Record<string, string | undefined>> = { ...hashes, file };
  // One pass: a secret may itself hold braces.
  return words.map((word) =>
    word.replaceAll(
      /\{(?:(file|sha256|sha1|md5)|secret:([a-z0-9-]+))\}/g,
      (whole, name: string, secret: string) => (secret === undefined ? values[name] : secrets[secret]) ?? whole,
    ),
  );
}
