import { Link } from "wouter";
import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Status } from "../../parts/status.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { removeUpload, scanKnown, type ScanOptions, type UploadedFile } from "./uploads.ts";

/** As many rows as one can read; a folder may have thousands of files. */
const SHOWN = 40;

/** The files that were given here, each with how far it is. */
export function UploadList({ files, options }: { files: readonly UploadedFile[]; options: ScanOptions }) {
  if (files.length === 0) return null;
  const ended = files.filter(({ stage }) => ["submitted", "known", "failed"].includes(stage.is)).length;
  const failed = files.filter(({ stage }) => stage.is === "failed").length;
  const summary = `${ended} of ${files.length} ${files.length === 1 ? "file" : "files"} done${failed > 0 ? `, ${failed} not accepted` : ""}`;
  return (
    <div className="card stack">
      <Status text={summary} />
      <ul className="uploads">
        {files.slice(0, SHOWN).map((file) => (
          <UploadRow key={file.id} file={file} options={options} />
        ))}
      </ul>
      {files.length > SHOWN && <p className="soft">and {files.length - SHOWN} more</p>}
    </div>
  );
}

function UploadRow({ file: { id, file, name, stage }, options }: { file: UploadedFile; options: ScanOptions }) {
  return (
    <li>
      <Name text={name} />
      <StageText stage={stage} size={file.size} />
      <span className="row">
        {stage.is === "submitted" && <Link href={`/scan/${stage.scanId}`}>Report</Link>}
        {stage.is === "known" && (
          <>
            <Link href={`/scan/${stage.scan.scanId}`}>Last report</Link>
            <button type="button" onClick={() => scanKnown(id, stage.sha256, options)}>
              Scan again
            </button>
          </>
        )}
        <button
          className="plain"
          type="button"
          aria-label={`Remove ${name} from this list`}
          title="Remove from this list"
          onClick={() => removeUpload(id)}
        >
          ✕
        </button>
      </span>
    </li>
  );
}

function StageText({ stage, size }: { stage: UploadedFile["stage"]; size: number }) {
  switch (stage.is) {
    case "waiting":
      return <span className="soft">Waits</span>;
    case "hashing":
    case "sending":
      return <Progress label={stage.is === "hashing" ? "Hashing" : "Sending"} done={stage.done} size={size} />;
    case "submitting":
      return <span className="soft">Being accepted</span>;
    case "submitted":
      return <span>Accepted</span>;
    case "known":
      return (
        <span className="row">
          Known: <Verdict verdict={stage.scan.verdict} />
          <span className="soft">
            <Ago at={stage.scan.startDate} />
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
    <span>
      <span className="small soft">
        {label} {bytesText(done)} of {bytesText(size)}
      </span>
      <progress aria-label={label} max={100} value={percent} />
    </span>
  );
}
