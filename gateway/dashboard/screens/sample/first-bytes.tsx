import { useMemo, useState } from "react";
import { readDownload } from "../../api/download.ts";
import { Problem } from "../../parts/notice.tsx";
import { hexDump, stringsIn } from "./printable.ts";

const FORMS = { hex: "Hex", strings: "Strings" } as const;

/** The beginning of a sample. It is loaded only when somebody asks for it, since every download is written down. */
export function FirstBytes({ sha256 }: { sha256: string }) {
  const [bytes, setBytes] = useState<Uint8Array>();
  const [isLoading, setIsLoading] = useState(false);
  const [problem, setProblem] = useState<Error>();
  const load = async () => {
    setIsLoading(true);
    try {
      setBytes(await readDownload({ sha256, format: "FIRST_64_KIB" }));
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
    setIsLoading(false);
  };
  return (
    <section className="card stack" aria-labelledby="bytes">
      <h2 id="bytes">First 64 KiB</h2>
      {problem && <Problem error={problem} what="The sample could not be loaded." />}
      {bytes ? (
        <Bytes bytes={bytes} />
      ) : (
        <div className="row">
          <button type="button" disabled={isLoading} onClick={() => void load()}>
            {isLoading ? "Loading …" : "Show the bytes"}
          </button>
          <span className="small soft">It counts as a download, and is in the audit log.</span>
        </div>
      )}
    </section>
  );
}

function Bytes({ bytes }: { bytes: Uint8Array }) {
  const [form, setForm] = useState<keyof typeof FORMS>("hex");
  const text = useMemo(() => (form === "hex" ? hexDump(bytes) : stringsIn(bytes)), [bytes, form]);
  return (
    <>
      <div className="row" role="group" aria-label="Form of the bytes">
        {(["hex", "strings"] as const).map((one) => (
          <button key={one} type="button" aria-pressed={form === one} onClick={() => setForm(one)}>
            {FORMS[one]}
          </button>
        ))}
      </div>
      <pre className="bytes" tabIndex={0} aria-label={FORMS[form]}>
        {text === "" ? "Nothing that is long enough to be a text." : text}
      </pre>
    </>
  );
}
