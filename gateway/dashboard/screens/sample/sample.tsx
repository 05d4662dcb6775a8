import "./sample.css";
import { Link, useParams } from "wouter";
import { isHash } from "../../api/hash.ts";
import { go, useSearch } from "../../app/location.ts";
import { useMay } from "../../app/viewer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/notice.tsx";
import { FirstBytes } from "./first-bytes.tsx";
import { SampleHead } from "./sample-head.tsx";
import { Timeline } from "./timeline.tsx";
import { useSample } from "./use-sample.ts";

/** One more is read, so that the last one on a page has one to be compared with. */
const PAGE = 20;

export default function Sample() {
  const { hash = "" } = useParams<{ hash: string }>();
  if (isHash(hash)) return <Known key={hash.toLowerCase()} hash={hash.toLowerCase()} />;
  return <Empty title="That is no hash">A sample is found by its sha256, sha1 or md5: 64, 40 or 32 hexadecimal digits.</Empty>;
}

function Known({ hash }: { hash: string }) {
  const cursors = new URLSearchParams(useSearch()).getAll("after");
  const after = cursors.at(-1);
  const { sample, edges, scans, newcomers, error, fetching } = useSample(hash, after);
  const mayDownload = useMay("SAMPLE_READ");
  if (sample === undefined || (sample === null && fetching))
    return error ? <Problem error={error} what="The sample could not be read." /> : <p className="soft">Loading …</p>;
  if (sample === null) return <Unknown hash={hash} />;

  const last = edges.length > PAGE ? edges[PAGE - 1]?.cursor : undefined;
  const toPage = (to: readonly string[]) =>
    go(`/sample/${hash}${to.length > 0 ? `?${new URLSearchParams(to.map((cursor) => ["after", cursor]))}` : ""}`);
  return (
    <article className="stack">
      <SampleHead sample={sample} latest={cursors.length === 0 ? scans[0] : undefined} />
      <section className="card stack" aria-labelledby="history">
        <h2 id="history">Scans</h2>
        {scans.length > 0 ? (
          <Timeline scans={scans} count={PAGE + newcomers} />
        ) : (
          <Empty title="No scan of it is left">Scans were deleted. Send the file again to scan it.</Empty>
        )}
        {(cursors.length > 0 || last !== undefined) && (
          <nav className="row" aria-label="Pages">
            <button type="button" disabled={cursors.length === 0} onClick={() => toPage(cursors.slice(0, -1))}>
              Newer
            </button>
            <button type="button" disabled={last === undefined} onClick={() => last !== undefined && toPage([...cursors, last])}>
              Older
            </button>
          </nav>
        )}
      </section>
      {mayDownload && sample.stored && <FirstBytes key={sample.sha256} sha256={sample.sha256} />}
    </article>
  );
}

function Unknown({ hash }: { hash: string }) {
  return (
    <Empty title="This mesh has never seen a sample with this hash">
      <p className="mono">{hash}</p>
      <p>
        <Link href="/">Send the file</Link> to scan it: a hash alone cannot be scanned.
      </p>
    </Empty>
  );
}
