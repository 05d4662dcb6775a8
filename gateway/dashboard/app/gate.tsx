import { useEffect, useState, type ReactNode } from "react";
import { setServerTime } from "../api/clock.ts";
import { connection } from "../api/connection.ts";
import { canBeKey, currentKey, forgetKey, keepKey } from "../api/key.ts";
import { useReopened } from "../api/live.ts";
import { useQuestion } from "../api/question.ts";
import { useStore } from "../api/store.ts";
import { Viewer as ViewerDocument } from "../generated/viewer.ts";
import { Problem } from "../parts/notice.tsx";
import { ViewerContext, type Viewer } from "./viewer.ts";

const RETRY_MS = 3_000;

/** Lets in who may be here; everybody else is told what is wanted. */
export function Gate({ children }: { children: ReactNode }) {
  const [{ data, error, fetching }, ask] = useQuestion({ query: ViewerDocument });
  const state = useStore(connection);
  // A later answer may fail: the page stays what it is.
  const [viewer, setViewer] = useState<Viewer>();

  useEffect(() => {
    if (data === undefined) return;
    setServerTime(data.viewer.serverTime);
    setViewer(data.viewer);
  }, [data]);
  // The gateway may be a newer one.
  useReopened(ask);
  useEffect(() => {
    if (error?.networkError === undefined || viewer !== undefined) return;
    const timer = setTimeout(ask, RETRY_MS);
    return () => clearTimeout(timer);
  }, [error, viewer, ask]);

  /** Who comes with a key is asked for anew. The page is not: it would lose the files that were given to it. */
  const enter = () => {
    setViewer(undefined);
    connection.set("idle");
    ask();
  };
  if (state === "refused" || (!fetching && error?.response?.status === 401))
    return <KeyForm wasRefused={currentKey() !== null} onEnter={enter} />;
  if (viewer !== undefined) return <ViewerContext value={viewer}>{children}</ViewerContext>;
  if (error === undefined) return <p className="soft centred">Loading …</p>;
  return (
    <main>
      <Problem error={error} what="The gateway does not answer. This page tries again by itself." />
    </main>
  );
}

function KeyForm({ wasRefused, onEnter }: { wasRefused: boolean; onEnter(): void }) {
  const [text, setText] = useState("");
  const [isRefused, setRefused] = useState(wasRefused);
  const enter = () => {
    const key = text.trim();
    if (!canBeKey(key)) return setRefused(true);
    keepKey(key);
    onEnter();
  };
  return (
    <main className="gate">
      <form
        className="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") enter();
        }}
      >
        <h1>ScanMesh</h1>
        {isRefused ? (
          <Problem what="This API key is not valid: it was revoked, has expired, or was never made here." />
        ) : (
          <p>This mesh asks for an API key.</p>
        )}
        <label className="stack">
          API key
          <input
            type="password"
            autoComplete="off"
            autoFocus
            placeholder="sm_…"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        <div className="row">
          <button className="primary" type="submit">
            Continue
          </button>
          {wasRefused && (
            <button
              type="button"
              onClick={() => {
                forgetKey();
                onEnter();
              }}
            >
              Forget the key
            </button>
          )}
        </div>
        <p className="soft small">
          The key stays in this tab until it is closed. Whoever runs the mesh makes keys with <code>npm run api-keys</code> or on
          the screen Keys.
        </p>
      </form>
    </main>
  );
}
