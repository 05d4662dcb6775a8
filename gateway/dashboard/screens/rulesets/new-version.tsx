import { useState, type DragEvent, type FormEvent } from "react";
import { useClient } from "urql";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Status } from "../../parts/status.tsx";
import { RuleText } from "./rule-text.tsx";
import { sendRuleset, type Draft, type NewFile } from "./send-ruleset.ts";

const NAMES = "Small letters, digits and hyphens, such as our-rules";
/** What is pasted is called so. */
const PASTED = "rules.yar";

const EMPTY = [{ path: PASTED, text: "" }];

/** A form for a new version: rules that are pasted, or files. */
export function NewVersion({ names, draft }: { names: readonly string[]; draft: Draft | undefined }) {
  const client = useClient();
  const texts = draft?.texts ?? EMPTY;
  const [files, setFiles] = useState<readonly NewFile[]>([]);
  const [problem, setProblem] = useState<Error>();
  const [said, setSaid] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const add = (list: FileList | null) => setFiles([...(list ?? [])].map((file) => ({ path: pathOf(file), file })));

  const drop = (event: DragEvent) => {
    if (event.dataTransfer.files.length === 0) return;
    // Elsewhere on the page, files are dropped to be scanned.
    event.preventDefault();
    event.stopPropagation();
    add(event.dataTransfer.files);
  };

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    // A chosen file takes the place of the text of the same path.
    const pasted = texts
      .map(({ path }, n) => ({ path, text: String(form.get(`text-${n}`) ?? "") }))
      .filter(({ path, text }) => text.trim() !== "" && !files.some((file) => file.path === path))
      .map(({ path, text }) => ({ path, file: new Blob([text]) }));
    const name = String(form.get("name"));
    const all = [...pasted, ...files];
    setSaid("");
    if (all.length === 0) return setProblem(new Error("Paste rules, or choose files."));
    setProblem(undefined);
    setIsBusy(true);
    try {
      const number = await sendRuleset(client, { name, comment: String(form.get("comment")) }, all, new AbortController().signal);
      setSaid(`Version ${number} of ${name} is sent: what its check finds is shown below.`);
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setIsBusy(false);
    }
  };

  return (
    <section className="card stack" aria-labelledby="new-version">
      <h2 id="new-version">New version</h2>
      <form className="stack" onSubmit={(event) => void send(event)} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
        <div className="fields">
          <label className="field">
            Ruleset
            <input
              name="name"
              defaultValue={draft?.name}
              autoFocus={draft !== undefined}
              required
              maxLength={32}
              pattern="[a-z0-9][a-z0-9\-]*"
              title={NAMES}
              aria-describedby="ruleset-name"
              list="ruleset-names"
              autoComplete="off"
            />
            <span id="ruleset-name" className="small soft">
              {NAMES}
            </span>
          </label>
          <datalist id="ruleset-names">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <label className="field">
            Comment
            <input name="comment" maxLength={500} autoComplete="off" />
          </label>
        </div>
        {texts.map(({ path, text }, n) => (
          <RuleText key={path} name={`text-${n}`} label={texts.length === 1 ? "Rules" : `Rules: ${path}`} text={text} />
        ))}
        <p className="small">
          A match changes the verdict of a scan if the rule's metadata says <code>verdict = "infected"</code> or{" "}
          <code>verdict = "suspicious"</code>. A match of any other rule is told in the report, and changes nothing.
        </p>
        <label className="field">
          Or files that end in .yar or .yara, and what they include; they can be dropped here, too
          <input type="file" multiple onChange={(event) => add(event.currentTarget.files)} />
        </label>
        {files.length > 0 && (
          <p className="small">
            <Name text={files.map(({ path }) => path).join(", ")} />
          </p>
        )}
        {problem && <Problem error={problem} what="Nothing was sent." />}
        <div className="row">
          <button type="submit" disabled={isBusy}>
            Send and check
          </button>
          {said !== "" && <Status text={said} />}
        </div>
      </form>
    </section>
  );
}

/** Of a chosen folder, files have paths. */
function pathOf(file: File): string {
  return file.webkitRelativePath === "" ? file.name : file.webkitRelativePath;
}
