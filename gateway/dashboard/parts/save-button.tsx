import { useState, type ReactNode } from "react";
import { saveFile } from "../api/save-file.ts";
import { Problem } from "./notice.tsx";

interface Props {
  /** A path of the gateway, without a slash at its beginning. */
  path: string;
  /** What the file is called. */
  name: string;
  /** What is in it, for those who cannot see where the button stands. */
  of: string;
  children: ReactNode;
}

/** A button that saves what the gateway answers as a file, and says if it was refused. */
export function SaveButton({ path, name, of, children }: Props) {
  const [isSaving, setIsSaving] = useState(false);
  const [problem, setProblem] = useState<Error>();
  const save = async () => {
    setIsSaving(true);
    try {
      await saveFile(path, name);
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
    setIsSaving(false);
  };
  return (
    <>
      <button type="button" disabled={isSaving} onClick={() => void save()}>
        {isSaving ? "Loading …" : children}
        <span className="unseen"> {of}</span>
      </button>
      {problem && <Problem error={problem} what="The file could not be loaded." />}
    </>
  );
}
