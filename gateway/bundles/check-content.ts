/** Checks the content of a bundle that was sent, and makes its manifest. */

import { BUNDLE_LIMITS, BundleManifest, encodeManifest } from "../../schema/bundle.js";
import type { BundleContent } from "../../schema/bundle-upload.js";
import { sizeText } from "../../schema/settings.js";
import { GatewayError } from "../errors.js";

/** Where a manifest belongs. */
export type BundlePlace = Pick<BundleManifest, "engine" | "set" | "sequence">;

/** The manifest of what was sent. Throws BAD_INPUT, or TOO_LARGE for more than `mostBytes`. */
export function makeManifest(place: BundlePlace, content: BundleContent, mostBytes: number): BundleManifest {
  const { kind, version, date, files, image, positive } = content;
  if (files.length > BUNDLE_LIMITS.files)
    throw wrong("files", `a bundle has ${BUNDLE_LIMITS.files} files at most, and these are ${files.length}`);
  const twice = findTwice(files.map(({ path }) => path));
  if (twice !== undefined)
    throw wrong("files", `${JSON.stringify(twice)} is named twice; upper and lower case count as the same`);
  const { data, error } = BundleManifest.safeParse({ v: 1, ...place, kind, version, date, files, image, positive });
  if (error) throw wrong(...mistakeIn(error.issues[0], files));
  const bytes = data.files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > mostBytes)
    throw new GatewayError(
      "TOO_LARGE",
      `these files have ${sizeText(bytes)}, and all bundles together may have ${sizeText(mostBytes)}`,
    );
  const length = encodeManifest(data).length;
  if (length > BUNDLE_LIMITS.manifest)
    throw new GatewayError(
      "TOO_LARGE",
      `the names of these files are too long for one bundle: its list has ${sizeText(length)}, and may have ${sizeText(BUNDLE_LIMITS.manifest)}`,
    );
  return data;
}

function findTwice(paths: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return paths.find((path) => {
    const key = path.toLowerCase();
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Names a file by its path in an error, not by its place in the list. */
function mistakeIn(issue: Issue | undefined, files: BundleContent["files"]): [field: string, problem: string] {
  const path = (issue?.path ?? []).map(String);
  const message = issue?.message ?? "is not as it must be";
  const file = path[0] === "files" ? files[Number(path[1])] : undefined;
  if (file === undefined) return [path.join("."), message];
  return ["files", path[2] === "path" ? `${JSON.stringify(file.path)} ${message}` : `${path[2]} of ${file.path}: ${message}`];
}

function wrong(field: string, problem: string): GatewayError {
  return new GatewayError("BAD_INPUT", field === "" ? problem : `${field}: ${problem}`, {
    field: field === "" ? [] : field.split("."),
  });
}
