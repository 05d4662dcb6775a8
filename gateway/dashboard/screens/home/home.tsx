import "./home.css";
import { Link } from "wouter";
import { AddClamav } from "../../parts/add-clamav.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { ScanTable } from "../../parts/scan-table.tsx";
import { useMay } from "../../app/viewer.ts";
import { EngineTroubles } from "./engine-troubles.tsx";
import { useLatestScans } from "./latest-scans.ts";
import { UploadPanel } from "./upload-panel.tsx";

export default function Home() {
  const { scans, engines, error, isKnown } = useLatestScans();
  const mayScan = useMay("SCAN_WRITE");
  const isAdmin = useMay("ADMIN");
  const usable = engines.filter(({ enabled, available, internet }) => enabled && available && !internet).length;
  const switchedOff = engines.filter(({ type, enabled }) => type === "AV" && !enabled).map(({ name }) => name);
  const hasAntivirus = engines.some(({ type, enabled, available }) => type === "AV" && enabled && available);
  return (
    <div className="stack">
      <div>
        <h1>Is this file dangerous?</h1>
        {mayScan ? (
          <p className="soft">
            Drop it here: {usable === 1 ? "one engine examines" : `${usable === 0 ? "the" : usable} engines examine`} it, and the
            report says what each of them finds.
          </p>
        ) : (
          <p className="soft">
            To scan files, an API key needs the scope <code>SCAN_WRITE</code>; yours lacks it. Reports are there to read.
          </p>
        )}
      </div>
      {isKnown && !hasAntivirus && (
        <Notice tone="doubt">
          No antivirus engine takes part, so no file can be proven clean.{" "}
          {switchedOff.length > 0 ? (
            <>
              Switched off: <Name text={switchedOff.join(", ")} />.
            </>
          ) : (
            isAdmin && <AddClamav />
          )}
          <Link href="/engines">Engines</Link>
        </Notice>
      )}
      {isKnown && <EngineTroubles engines={engines} />}
      {mayScan && <UploadPanel engines={engines} />}
      <section className="card stack" aria-labelledby="latest">
        <div className="row spread">
          <h2 id="latest">Latest scans</h2>
          <Link href="/scans">All scans</Link>
        </div>
        {error && <Problem error={error} what="The latest scans could not be read." />}
        {scans.length > 0 ? (
          <ScanTable scans={scans} caption="Latest scans" />
        ) : (
          isKnown && (
            <Empty title="Nothing was scanned yet">{mayScan && "Drop a file above, or try the harmless EICAR test file."}</Empty>
          )
        )}
      </section>
    </div>
  );
}
