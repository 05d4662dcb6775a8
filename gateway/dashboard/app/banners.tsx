import { connection } from "../api/connection.ts";
import { useStore } from "../api/store.ts";
import { Notice, Problem } from "../parts/notice.tsx";
import { useHealth } from "./health.ts";
import { useViewer } from "./viewer.ts";

/** What concerns the whole page. */
export function Banners() {
  const state = useStore(connection);
  const reason = useHealth();
  const { version } = useViewer();
  return (
    <div className="banners" role="status">
      {state === "lost" && reason === undefined && (
        <Notice tone="doubt">The connection is lost. This page opens it again by itself.</Notice>
      )}
      {reason !== undefined && <Problem what={reason} />}
      {version !== import.meta.env["VITE_VERSION"] && (
        <Notice tone="doubt">
          The gateway has another version than this page.
          <button type="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </Notice>
      )}
    </div>
  );
}
