import type { ServedBundleFragment } from "../../generated/roll-back.ts";
import { Name } from "../../parts/name.tsx";
import { versionText } from "../../parts/roll-back-button.tsx";

interface Of {
  readonly of: ServedBundleFragment | null;
  /** The set that the bundle is of. */
  readonly set: string;
}

/** A bundle by its version. */
export function Version({ of, set }: Of) {
  return <Name text={versionText(of, set)} className="in-text" />;
}

/** From one bundle to another. */
export function Way({ from, to, set }: { from: Of["of"]; to: Of["of"]; set: string }) {
  return (
    <>
      <Version of={from} set={set} /> → <Version of={to} set={set} />
    </>
  );
}
