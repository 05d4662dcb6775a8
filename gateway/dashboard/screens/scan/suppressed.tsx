import { Name } from "../../parts/name.tsx";
import type { ReportedResult } from "./reported-result.ts";

/** What an engine found that does not count, and why. */
export function Suppressed({ of }: { of: ReportedResult["suppressed"] }) {
  return of.map(({ signature, reason }) => (
    <div key={signature} className="soft">
      suppressed: <Name text={`${signature} (${reason})`} />
    </div>
  ));
}
