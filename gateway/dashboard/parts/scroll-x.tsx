import { useEffect, useRef, useState, type ReactNode } from "react";

/** Around a table that may be wider than the page: it is scrolled, and the keyboard can do so, too. */
export function ScrollX({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [isWider, setWider] = useState(false);
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const watch = new ResizeObserver(() => setWider(current.scrollWidth > current.clientWidth));
    watch.observe(current);
    for (const child of current.children) watch.observe(child);
    return () => watch.disconnect();
  }, []);
  const focusable = isWider ? { tabIndex: 0, role: "group", "aria-label": "A table that is wider than the page" } : {};
  return (
    <div ref={place} className="scroll-x" {...focusable}>
      {children}
    </div>
  );
}
