import { Suspense, useEffect, useRef } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { Empty } from "../parts/empty.tsx";
import { Banners } from "./banners.tsx";
import { Boundary } from "./boundary.tsx";
import { Navigation } from "./navigation.tsx";
import { SCREENS, type Screen } from "./screens.tsx";
import { SearchBox } from "./search-box.tsx";
import { useMay } from "./viewer.ts";

/** What stands around every screen. */
export function Shell() {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  // A screen reader begins to read the new screen, and the keyboard is in it.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus();
  }, [path]);

  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header className="top">
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
                <Empty title="There is no such screen">
                  <Link href="/">Back to the beginning</Link>
                </Empty>
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
    </>
  );
}

function Allowed({ screen: { scope, component: Component } }: { screen: Screen }) {
  if (useMay(scope)) return <Component />;
  return (
    <Empty title={`Your API key lacks the scope ${scope}`}>
      This screen needs it. Whoever runs the mesh can make a key that has it.
    </Empty>
  );
}
