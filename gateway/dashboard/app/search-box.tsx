import { useEffect, useRef, useState } from "react";
import { isHash } from "../api/hash.ts";
import { go } from "./location.ts";

/** One box for hashes, names and scan numbers. */
export function SearchBox() {
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const { target, key } = event;
      const isTyping = target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
      if (key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = text.trim();
        if (wanted === "") return;
        go(searchAddress(wanted));
        setText("");
      }}
    >
      <input
        ref={box}
        type="search"
        aria-label="Search for a hash, a name or a scan number"
        placeholder="Search a hash, a name or a scan number"
        maxLength={2_000}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

/** Where a search leads: straight to the sample of one hash or to the scan of one number, else to the list. */
export function searchAddress(text: string): string {
  if (isHash(text)) return `/sample/${text.toLowerCase()}`;
  if (/^#\d{1,15}$/.test(text)) return `/scan/${text.slice(1)}`;
  return `/scans?q=${encodeURIComponent(text)}`;
}
