import { Suspense, useEffect, useRef } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { Empty } from "../parts/empty.tsx";
import { Banners } from "./banners.tsx";
import { Boundary } from "./boundary.tsx";
import { Navigation } from "./navigation.tsx";
import { SCREENS, type Screen } from "./screens.tsx";
import { SearchBox } from "./search-box.tsx";
import { useScreenTitle } from "./title.ts";
import { useMay } from "./viewer.ts";

/** What stands around every screen. */
export function Shell() {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const header = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  // A screen reader begins to read the new screen, and the keyboard is in it.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus();
  }, [path]);

  // What gets the focus is scrolled to where the header does not cover it; its height depends on the width of the page.
  useEffect(() => {
    const { current } = header;
    if (current === null) return;
    const watch = new ResizeObserver(() => {
      const height = getComputedStyle(current).position === "sticky" ? current.offsetHeight : 0;
      document.documentElement.style.setProperty("--covered", `${height}px`);
    });
    watch.observe(current);
    return () => watch.disconnect();
  }, []);

  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header className="top" ref={header}>
        <div>
          <Link className="brand" href="/">
            ScanMesh
          </Link>
          <Navigation />
          <SearchBox />
        </div>
      </header>
      <Banners />
      <main id="main" ref={main} tabIndex={-1}>
        <Boundary key={path}>
          <Suspense fallback={<p className="soft">Loading …</p>}>
            <Switch>
              {SCREENS.map((screen) => (
                <Route key={screen.path} path={screen.path}>
                  <Allowed screen={screen} />
                </Route>
              ))}
              <Route>
                <NoScreen />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
    </>
  );
}

function NoScreen() {
  useScreenTitle("No such screen");
  return (
    <Empty title="There is no such screen">
      <Link href="/">Back to the beginning</Link>
    </Empty>
  );
}

function Allowed({ screen: { scope, label, title, component: Component } }: { screen: Screen }) {
  useScreenTitle(title ?? label ?? "");
  if (useMay(scope)) return <Component />;
  return (
    <Empty title={`Your API key lacks the scope ${scope}`}>
      This screen needs it. Whoever runs the mesh can make a key that has it.
    </Empty>
  );
}
