import { useState } from "react";
import { useMutation } from "urql";
import { Link } from "wouter";
import { go } from "../../app/location.ts";
import { useTitle } from "../../app/title.ts";
import { useMay } from "../../app/viewer.ts";
import { RescanSample, type ReadSampleQuery, type TimelineScanFragment } from "../../generated/sample.ts";
import { Copy } from "../../parts/copy.tsx";
import { DownloadButton } from "../../parts/download-button.tsx";
import { Ago, bytesText, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Verdict } from "../../parts/verdict.tsx";

type Sample = NonNullable<ReadSampleQuery["sample"]>;

/** What a sample is, and what can be done with it. */
export function SampleHead({ sample, latest }: { sample: Sample; latest: TimelineScanFragment | undefined }) {
  const { sha256, names, size, mime, stored, firstSeen, lastSeen } = sample;
  useTitle(`Sample ${names[0] ?? sha256}`);
  return (
    <section className="card stack" aria-labelledby="sample">
      <h1 id="sample">
        <Name text={names[0] ?? sha256} />
      </h1>
      {latest && (
        <p className="row">
          <Verdict verdict={latest.verdict} />
          <Link href={`/scan/${latest.scanId}`}>Last report</Link>
          <span className="soft">
            <Ago at={latest.startDate} />
          </span>
        </p>
      )}
      <dl className="facts">
        {(["sha256", "sha1", "md5"] as const).map((hash) => (
          <Fact key={hash} label={hash}>
            <span className="copy-line">
              <code>{sample[hash]}</code>
              <Copy text={sample[hash]} what={hash} />
            </span>
          </Fact>
        ))}
        <Fact label="Size">{bytesText(size)}</Fact>
        <Fact label="Type">
          <Name text={mime} />
        </Fact>
        <Fact label="First seen">
          <Ago at={firstSeen} /> · <Time at={firstSeen} />
        </Fact>
        <Fact label="Last seen">
          <Ago at={lastSeen} /> · <Time at={lastSeen} />
        </Fact>
        {names.length > 1 && (
          <Fact label="Other names">
            <ul className="items">
              {names.slice(1).map((name) => (
                <li key={name}>
                  <Name text={name} />
                </li>
              ))}
            </ul>
          </Fact>
        )}
        <Fact label="Bytes">
          {stored ? "stored here" : "not stored any more: send the file again to scan it or to download it"}
        </Fact>
      </dl>
      <Actions sample={sample} />
    </section>
  );
}

function Actions({ sample: { sha256, stored, latestScan } }: { sample: Sample }) {
  const mayScan = useMay("SCAN_WRITE");
  const mayDownload = useMay("SAMPLE_READ");
  const [{ fetching }, rescan] = useMutation(RescanSample);
  const [problem, setProblem] = useState<Error>();
  const repeat = async (id: number) => {
    const { data, error } = await rescan({ id });
    if (data && "scan" in data.rescan) return go(`/scan/${data.rescan.scan.scanId}`);
    const refused = data?.rescan && "message" in data.rescan ? data.rescan.message : "The gateway did not answer.";
    setProblem(error ?? new Error(refused));
  };
  return (
    <>
      <div className="row">
        {mayScan && stored && latestScan && (
          <button type="button" disabled={fetching} onClick={() => void repeat(latestScan.scanId)}>
            Scan again
          </button>
        )}
        {mayDownload && stored && (
          <>
            <DownloadButton input={{ sha256, format: "ZIP" }} of="of the sample">
              Download as zip
            </DownloadButton>
            <DownloadButton input={{ sha256, format: "RAW" }} of="of the sample, not packed">
              Download as it is
            </DownloadButton>
          </>
        )}
        <DownloadButton input={{ filter: { hashes: [sha256] } }} of="of its scans">
          CSV
        </DownloadButton>
      </div>
      {stored && (
        <p className="small soft">
          {mayDownload ? (
            <>
              It may be malware: the zip has the password <code>infected</code>. Downloads are in the audit log.
            </>
          ) : (
            <>
              To download it or to see its bytes, an API key needs the scope <code>SAMPLE_READ</code>; yours lacks it.
            </>
          )}
        </p>
      )}
      {problem && <Problem error={problem} />}
    </>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
