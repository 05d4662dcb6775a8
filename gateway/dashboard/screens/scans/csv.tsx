import { useState } from "react";
import { useMutation } from "urql";
import { address } from "../../api/address.ts";
import { CreateCsv, type ScanFilter } from "../../generated/scans.ts";
import { Problem } from "../../parts/notice.tsx";

interface Props {
  /** Undefined where no filter says what is listed. */
  filter: ScanFilter | undefined;
}

/** Saves the scans of the list as CSV. */
export function Csv({ filter }: Props) {
  const [{ fetching }, create] = useMutation(CreateCsv);
  const [problem, setProblem] = useState<Error>();
  if (filter === undefined)
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

  const save = async () => {
    const { data, error } = await create({ filter });
    const answer = data?.createDownload;
    if (answer && "url" in answer) startDownload(answer.url);
    setProblem(error ?? (answer && "message" in answer ? new Error(answer.message) : undefined));
  };
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => void save()}>
        CSV
        <span className="unseen"> of these scans</span>
      </button>
      {problem && <Problem error={problem} what="The scans could not be saved." />}
    </>
  );
}

/** The browser saves the file while it comes, however large it is. The page may be open below another address than the mesh's own. */
function startDownload(url: string): void {
  const link = document.createElement("a");
  link.href = address(`download/${url.slice(url.lastIndexOf("/") + 1)}`);
  link.download = "";
  link.click();
}
