import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { SCREENS, type Screen } from "./screens.tsx";
import { useViewer } from "./viewer.ts";

/** The screens that the caller may see; those that few people need are behind "More". */
export function Navigation() {
  const [path] = useLocation();
  const { scopes } = useViewer();
  const named = SCREENS.filter(({ label, scope }) => label !== undefined && scopes.includes(scope));
  return (
    <nav aria-label="Screens">
      {named
        .filter(({ rare }) => !rare)
        .map((screen) => (
          <ScreenLink key={screen.path} screen={screen} path={path} />
        ))}
      <More screens={named.filter(({ rare }) => rare)} path={path} />
    </nav>
  );
}

function ScreenLink({ screen: { path: to, label }, path }: { screen: Screen; path: string }) {
  return (
    <Link href={to} aria-current={isAt(path, to) ? "page" : undefined}>
      {label}
    </Link>
  );
}

function More({ screens, path }: { screens: readonly Screen[]; path: string }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => menu.current?.removeAttribute("open");
  useEffect(close, [path]);
  if (screens.length === 0) return null;
  const isHere = screens.some(({ path: to }) => isAt(path, to));
  return (
    <details
      ref={menu}
      className="more"
      onKeyDown={({ key, currentTarget }) => {
        if (key !== "Escape") return;
        close();
        currentTarget.querySelector("summary")?.focus();
      }}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) close();
      }}
    >
      <summary className={isHere ? "here" : ""}>More</summary>
      {/* Browsers that give no focus to a link that is clicked give it to the list: the menu stays until the click is done. */}
      <ul tabIndex={-1} onClick={close}>
        {screens.map((screen) => (
          <li key={screen.path}>
            <ScreenLink screen={screen} path={path} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function isAt(path: string, to: string): boolean {
  return to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
}
