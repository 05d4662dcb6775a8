import type { ServedBundles } from "../../schema/bundle.js";
import { engineToken } from "../../schema/subjects.js";
import type { Fleet } from "./fleet.js";

/** The parts of an instance that its verdicts depend on and that every host can report. */
export interface Instance {
  readonly engineVersion: string | null;
  readonly signatureVersion: string | null;
  readonly imageId: string | null;
  readonly bundles: ServedBundles | null;
}

/** Equal for equal instances; undefined if nothing is known about the instance. */
export function versionKey({ engineVersion, signatureVersion, imageId, bundles }: Instance): string | undefined {
  const served = (bundles ?? []).map(({ set, digest }) => `${set} ${digest}`).toSorted();
  if (engineVersion === null && signatureVersion === null && imageId === null && served.length === 0) return undefined;
  return JSON.stringify([engineVersion, signatureVersion, imageId, served]);
}

/** A key as readable text. */
export function versionText(key: string): string {
  const [engine, signatures, image, served] = JSON.parse(key) as [string | null, string | null, string | null, string[]];
  return [engine, signatures].filter(Boolean).join(" / ") || (image ?? served.join(", "));
}

/** What all healthy hosts with an engine run; undefined if there are none, or if they differ. */
export function servedVersion(fleet: Fleet, name: string): string | undefined {
  const token = engineToken(name);
  const keys = fleet
    .agents()
    .filter(({ state }) => state === "READY")
    .flatMap(({ engines }) => engines.filter((engine) => engine.healthy && engineToken(engine.name) === token))
    .map(({ versions, image, bundles }) =>
      versionKey({
        engineVersion: versions.engine,
        signatureVersion: versions.signatures,
        imageId: image?.id ?? null,
        bundles: bundles?.serving ?? null,
      }),
    );
  const [first] = keys;
  return keys.every((key) => key === first) ? first : undefined;
}
