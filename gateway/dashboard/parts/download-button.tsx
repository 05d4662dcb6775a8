import { useState, type ReactNode } from "react";
import { startDownload } from "../api/download.ts";
import type { CreateDownloadInput } from "../generated/download.ts";
import { Problem } from "./notice.tsx";

interface Props {
  input: CreateDownloadInput;
  /** What is in it, for those who cannot see where the button stands. */
  of: string;
  children: ReactNode;
}

/** A button that saves a sample, or a CSV of scans, and says if it was refused. */
export function DownloadButton({ input, of, children }: Props) {
  const [isAsking, setIsAsking] = useState(false);
  const [problem, setProblem] = useState<Error>();
  const download = async () => {
    setIsAsking(true);
    try {
      await startDownload(input);
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
    setIsAsking(false);
  };
  return (
    <>
      <button type="button" disabled={isAsking} onClick={() => void download()}>
        {children}
        <span className="unseen"> {of}</span>
      </button>
      {problem && <Problem error={problem} what="It could not be downloaded." />}
    </>
  );
}
