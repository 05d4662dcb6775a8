import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { visibleText } from "../../../../schema/visible-text.ts";
import { pause } from "../../api/persist.ts";
import { useStore } from "../../api/store.ts";
import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Status } from "../../parts/status.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { BatchProgress } from "./batch-progress.tsx";
import { LiveVerdict } from "./live-verdict.tsx";
import type { ScanOptions } from "./scan-options.ts";
import { removeUploads, retryUploads, scanKnown, type Stage, type UploadedFile } from "./uploads.ts";

/** As many rows as one can read; a folder may have thousands of files. */
const SHOWN = 40;
const ENDED: ReadonlySet<Stage["is"]> = new Set(["submitted", "known", "failed"]);

/** The files that were given here, each with how far it is. */
export function UploadList({ files, options }: { files: readonly UploadedFile[]; options: ScanOptions }) {
  const reason = useStore(pause);
  const shown = files.length > SHOWN ? notable(files) : files;
  if (files.length === 0) return null;
  const ended = files.filter(({ stage }) => ENDED.has(stage.is)).length;
  const failed = files.filter(({ stage }) => stage.is === "failed");
  const again = failed.filter(mayRetry).map(({ id }) => id);
  const batches = new Set(shown.flatMap(({ group }) => group?.batchId ?? []));
  const counts = `${ended - failed.length} of ${files.length} ${files.length === 1 ? "file" : "files"} accepted`;
  return (
    <div className="card stack">
      <div className="row spread">
        <Status text={failed.length > 0 ? `${counts}, ${failed.length} not accepted` : counts} />
        <span className="row">
          {again.length > 1 && (
            <button type="button" onClick={() => retryUploads(again)}>
              Try all {again.length} again
            </button>
          )}
          {files.length > 1 && (
            <button type="button" onClick={() => removeUploads(files.map(({ id }) => id))}>
              {ended < files.length ? "Stop and clear the list" : "Clear the list"}
            </button>
          )}
        </span>
      </div>
      {reason !== undefined && (
        <Notice tone="doubt">
          Paused: <Name text={reason.replace(/\.$/, "")} />. It goes on by itself, and what is accepted is not sent again.
        </Notice>
      )}
      {[...batches].map((batchId) => (
        <BatchProgress key={batchId} batchId={batchId} />
      ))}
      <ul className="uploads">
        {shown.map((file) => (
          <UploadRow key={file.id} file={file} options={options} />
        ))}
      </ul>
      {files.length > SHOWN && <p className="soft">and {files.length - SHOWN} more</p>}
    </div>
  );
}

/** Of many files those that are under way or failed before others, in the order of the list. */
function notable(files: readonly UploadedFile[]): readonly UploadedFile[] {
  const isNotable = ({ stage }: UploadedFile) => !["waiting", "submitted", "known"].includes(stage.is);
  const first = files.filter(isNotable).slice(0, SHOWN);
  const others = files.filter((file) => !isNotable(file)).slice(0, SHOWN - first.length);
  const shown = new Set([...first, ...others]);
  return files.filter((file) => shown.has(file));
}

function mayRetry({ stage }: UploadedFile): boolean {
  return stage.is === "failed" && stage.isFinal !== true;
}

interface RowProps {
  file: UploadedFile;
  options: ScanOptions;
}

function UploadRow({ file: entry, options }: RowProps) {
  const { id, file, name, stage } = entry;
  const row = useRef<HTMLLIElement>(null);
  const isKnown = stage.is === "known";
  // It waits for an answer, and may be below what is seen.
  useEffect(() => {
    if (isKnown) row.current?.scrollIntoView({ block: "nearest" });
  }, [isKnown]);
  return (
    <li ref={row}>
      <Name text={name} />
      <StageText stage={stage} size={file.size} />
      <span className="row">
        {stage.is === "submitted" && <Link href={`/scan/${stage.scan.scanId}`}>Report</Link>}
        {stage.is === "known" && (
          <>
            <Link href={`/scan/${stage.scan.scanId}`}>Last report</Link>
            <button type="button" onClick={() => scanKnown(id, stage.sha256, options)}>
              Scan again
            </button>
          </>
        )}
        {mayRetry(entry) && (
          <button type="button" onClick={() => retryUploads([id])}>
            Try again
            <span className="unseen">
              {" "}
              to scan <Name text={name} />
            </span>
          </button>
        )}
        <button
          className="plain"
          type="button"
          aria-label={`Remove ${visibleText(name)} from this list`}
          title="Remove from this list"
          onClick={() => removeUploads([id])}
        >
          ✕
        </button>
      </span>
    </li>
  );
}

function StageText({ stage, size }: { stage: Stage; size: number }) {
  switch (stage.is) {
    case "waiting":
      return <span className="soft">Waits</span>;
    case "hashing":
    case "sending":
      return <Progress label={stage.is === "hashing" ? "Hashing" : "Sending"} done={stage.done} size={size} />;
    case "submitting":
      return <span className="soft">Being accepted</span>;
    case "submitted":
      return <LiveVerdict scanId={stage.scan.scanId} />;
    case "known":
      return (
        <span>
          <Verdict verdict={stage.scan.verdict} />{" "}
          <span className="soft">
            Known: the same content was scanned <Ago at={stage.scan.startDate} /> as <Name text={stage.scan.name} />
          </span>
        </span>
      );
    case "failed":
      return (
        <span className="tone-infected">
          <Name text={stage.why} />
        </span>
      );
  }
}

function Progress({ label, done, size }: { label: string; done: number; size: number }) {
  const percent = size === 0 ? 100 : Math.floor((100 * done) / size);
  return (
    <span className="row">
      <span className="small soft">
        {label} {bytesText(done)} of {bytesText(size)}
      </span>
      <progress aria-label={label} max={100} value={percent} />
    </span>
  );
}
