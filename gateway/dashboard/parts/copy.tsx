import { useState } from "react";

const SHOWN_MS = 1_500;

/** A button that copies a text; it works without the clipboard's API, too, which is missing where the page came over plain HTTP. */
export function Copy({ text, what, label }: { text: string; what: string; label?: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    setSaid((await copyText(text)) ? "Copied" : "Press Ctrl+C");
    setTimeout(() => setSaid(""), SHOWN_MS);
  };
  return (
    <span className="copy">
      <button className={label === undefined ? "plain" : ""} type="button" onClick={() => void copy()}>
        {label ?? "Copy"}
        <span className="unseen"> {what}</span>
      </button>
      <span className="soft small" role="status">
        {said}
      </span>
    </span>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "unseen";
  document.body.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  return copied;
}
