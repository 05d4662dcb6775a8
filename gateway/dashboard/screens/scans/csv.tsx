import type { ScanFilter } from "../../generated/scans.ts";
import { DownloadButton } from "../../parts/download-button.tsx";

interface Props {
  /** Undefined where no filter says what is listed. */
  filter: ScanFilter | undefined;
}

/** Saves the scans of the list as CSV. */
export function Csv({ filter }: Props) {
  if (filter !== undefined)
    return (
      <DownloadButton input={{ filter }} of="of these scans">
        CSV
      </DownloadButton>
    );
  return (
    <>
      <button type="button" disabled aria-describedby="no-csv">
        CSV
      </button>
      <span id="no-csv" className="small soft">
        CSV is there for filters: filter by Name or Hash instead of searching.
      </span>
    </>
  );
}
