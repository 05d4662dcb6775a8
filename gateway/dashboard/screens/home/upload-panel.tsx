import { memo, useEffect, useRef, useState } from "react";
import { go } from "../../app/location.ts";
import { useViewer } from "../../app/viewer.ts";
import { useStore } from "../../api/store.ts";
import type { HomeEngineFragment } from "../../generated/home.ts";
import type { Speed } from "../../generated/submit.ts";
import { Problem } from "../../parts/notice.tsx";
import { bytesText } from "../../parts/measure.tsx";
import { useNarrow } from "../../parts/narrow.ts";
import { droppedFiles } from "./dropped-files.ts";
import { EngineChoice } from "./engine-choice.tsx";
import type { ScanOptions } from "./scan-options.ts";
import { UploadList } from "./upload-list.tsx";
import { addFiles, scanKnown, uploads } from "./uploads.ts";

const SPEEDS: readonly (readonly [Speed, string])[] = [
  ["ALL", "Every engine"],
  ["MEDIUM", "Medium and faster"],
  ["FAST", "Fast and faster"],
  ["ULTRA", "Only the fastest"],
];
const SHOWN_UNREADABLE = 5;
/** The standard test file, in pieces, so that no scanner finds it in this page. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"];

/** Takes files by drop, paste or choice, with the options of their scans. */
export const UploadPanel = memo(function UploadPanel({ engines }: { engines: readonly HomeEngineFragment[] }) {
  const { sampleBytes } = useViewer().limits;
  const isNarrow = useNarrow();
  const [options, setOptions] = useState<ScanOptions>({ speed: "ALL", internet: false, engines: null });
  const [isOver, setIsOver] = useState(false);
  const [unreadable, setUnreadable] = useState<readonly string[]>([]);
  const [isEmpty, setEmpty] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const follows = useRef<number>(undefined);
  const isTrial = useRef(false);
  const listed = useStore(uploads);
  const hasInternet = engines.some(({ internet, enabled }) => internet && enabled);

  const take = (chosen: readonly File[]) => {
    if (chosen.length === 0) return;
    setEmpty(false);
    const [first] = addFiles(chosen, options, sampleBytes);
    follows.current = chosen.length === 1 ? first : undefined;
    isTrial.current = false;
  };
  const takeDropped = async (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    if (event.dataTransfer === null) return;
    const { files: dropped, unreadable } = await droppedFiles(event.dataTransfer);
    setUnreadable(unreadable);
    setEmpty(dropped.length === 0 && unreadable.length === 0);
    take(dropped);
  };

  const tryEicar = () => {
    take([new File([EICAR.join("")], "eicar.com")]);
    isTrial.current = true;
  };

  // A single file leads to its report.
  useEffect(() => {
    const followed = listed.find(({ id }) => id === follows.current);
    // The test file is to show a scan.
    if (followed?.stage.is === "known" && isTrial.current) scanKnown(followed.id, followed.stage.sha256, options);
    if (followed?.stage.is !== "submitted") return;
    follows.current = undefined;
    go(`/scan/${followed.stage.scan.scanId}`);
  }, [listed]);
  // Wherever on the screen a file is dropped.
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setIsOver(false);
    const drop = (event: DragEvent) => void takeDropped(event);
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  });
  useEffect(() => {
    const paste = ({ clipboardData, target }: ClipboardEvent) => {
      if (!(target instanceof HTMLInputElement)) take([...(clipboardData?.files ?? [])]);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  });

  return (
    <section className="stack" aria-label="Scan files">
      <div className={`drop stack ${isOver ? "over" : ""}`}>
        <h2>{isNarrow ? "Choose what to scan" : "Drop files or folders here, or paste them"}</h2>
        <div className="row">
          <button className="primary" type="button" onClick={() => files.current?.click()}>
            Choose files
          </button>
          <button type="button" onClick={() => folder.current?.click()}>
            Choose a folder
          </button>
          <button type="button" onClick={tryEicar}>
            Try EICAR, the harmless test file
          </button>
        </div>
        <p className="soft small">Up to {bytesText(sampleBytes)} each</p>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label="Files to scan"
          onChange={({ target }) => takeChosen(target, take)}
        />
        <input
          ref={folder}
          type="file"
          multiple
          hidden
          aria-label="Folder to scan"
          {...{ webkitdirectory: "" }}
          onChange={({ target }) => takeChosen(target, take)}
        />
      </div>
      <fieldset className="options">
        <legend className="unseen">Options</legend>
        <label>
          Speed
          <select
            value={options.speed ?? "ALL"}
            onChange={({ target }) => setOptions({ ...options, speed: target.value as Speed })}
          >
            {SPEEDS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <EngineChoice
          engines={engines}
          chosen={options.engines ?? null}
          onChoose={(names) => setOptions({ ...options, engines: names })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={options.internet ?? false}
            disabled={!hasInternet}
            onChange={({ target }) => setOptions({ ...options, internet: target.checked })}
          />
          {hasInternet ? "Ask engines on the internet, too" : "Ask engines on the internet, too: none is set up here"}
        </label>
      </fieldset>
      {options.internet && (
        <p className="small tone-doubt notice">
          Engines on the internet may pass the file, or its hash, on to others. Not for confidential files.
        </p>
      )}
      {isEmpty && <Problem what="There is no file in what was dropped." />}
      {unreadable.length > 0 && (
        <Problem
          error={new Error(unreadable.slice(0, SHOWN_UNREADABLE).join(", "))}
          what="This could not be read and is left out:"
        >
          {unreadable.length > SHOWN_UNREADABLE && ` and ${unreadable.length - SHOWN_UNREADABLE} more`}
        </Problem>
      )}
      <UploadList files={listed} options={options} />
    </section>
  );
});

function takeChosen(input: HTMLInputElement, take: (files: readonly File[]) => void): void {
  take([...(input.files ?? [])]);
  // The same file can be chosen again.
  input.value = "";
}
