/** What became of a run of freshclam, by its exit status, by what it printed and by its file `freshclam.dat`: pure functions. */

/** A run of freshclam with `--verbose`. */
export interface FreshclamRun {
  readonly exitCode: number;
  readonly output: string;
}

const MAGIC = "FreshClamData";
/** Behind the magic: a version, an id of 37 bytes, and a time of 8 bytes, aligned. */
const RETRY_AFTER = MAGIC.length + 48;
const SKEW_MS = 300_000;

/** When freshclam asks again after it was refused; undefined if it was not, or the file is another one. */
export function readRetryAfter(dat: Buffer | undefined): Date | undefined {
  if (dat === undefined || dat.length < RETRY_AFTER + 8 || dat.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const seconds = Number(dat.readBigInt64LE(RETRY_AFTER));
  return seconds > 0 && seconds < 1e11 ? new Date(seconds * 1_000) : undefined;
}

/** The last HTTP status that is an error, of the mirror. */
export function refusedWith({ output }: FreshclamRun): number | undefined {
  const statuses = [...output.matchAll(/^< HTTP\/[\d.]+ (\d{3})/gm)].map(([, status]) => Number(status));
  return statuses.findLast((status) => status >= 400);
}

/** Each is what a line says, and what that means. The first that matches counts. */
const SENTENCES: readonly (readonly [line: RegExp, meaning: (mirror: string, found: string) => string])[] = [
  [
    /No space left on device/i,
    () => "There is no room on the disk for the signatures: make room in the folder of SCANMESH_FETCH_DIR.",
  ],
  [
    /initgroups\(\) failed|^ERROR: Failed to switch to/m,
    () =>
      "freshclam is run by root and may not set its groups: run the fetcher as another user, or with the capabilities SETUID and SETGID.",
  ],
  [
    /certificate is not yet valid|certificate has expired/i,
    (mirror) =>
      `The certificate of ${mirror} is not valid at the time of this host's clock: check the clock, then the certificate of the mirror or proxy.`,
  ],
  [
    /SSL certificate problem|unable to get local issuer|self.signed certificate|\((?:60|77)\)/i,
    (mirror) =>
      `The certificate of ${mirror} is signed by an authority that is not known here: name its file in SCANMESH_FETCH_CA.`,
  ],
  [
    /Not a CVD file|^< content-type: text\/html/im,
    (mirror) =>
      `${mirror} answers with something else than a database, such as the page of a proxy or of a login: check the mirror's address and the proxy.`,
  ],
  [
    /Transferred a partial file|\(18\)/i,
    (mirror) => `${mirror} broke off in the middle of a file. It is fetched again at the next look.`,
  ],
  [
    /digital signature|Can't verify database integrity|MD5 verification error|verification (?:failed|error)|Malformed database/i,
    (mirror) => `What ${mirror} has is altered or damaged, for its signature does not fit: it is not used.`,
  ],
  [/Could ?n.t resolve|\(6\)/i, (mirror) => `The name of ${mirror} cannot be resolved: check DNS, or set SCANMESH_FETCH_PROXY.`],
  [/timed? ?out|timeout|\(28\)/i, (mirror) => `${mirror} does not answer in time.`],
  [
    /Couldn't connect|Connection refused|Connection reset|\((?:5|7|35|52|56)\)/i,
    (mirror) => `${mirror} cannot be reached: check the network, or set SCANMESH_FETCH_PROXY.`,
  ],
  [
    /^ERROR: *Can't (?:create|open|write|change)[^\n]*/m,
    (_, found) => `freshclam cannot write its folder (${found.replace(/^ERROR: */, "")}).`,
  ],
];

/** Why a run failed, in a sentence. */
export function explainFailure(run: FreshclamRun, mirror: string): string {
  const known = SENTENCES.flatMap(([line, meaning]) => {
    const found = line.exec(run.output);
    return found ? [meaning(mirror, found[0])] : [];
  });
  if (known[0] !== undefined) return known[0];
  const status = refusedWith(run);
  if (status === 404) return `${mirror} has no such database (404): check the mirror's address.`;
  if (status !== undefined) return `${mirror} answers ${status}. It is asked again later.`;
  const last = [...run.output.matchAll(/^ERROR: *(.+)$/gm)].at(-1)?.[1];
  return `freshclam failed${last === undefined ? ` with the status ${run.exitCode}` : `: ${last}`}`;
}

/** How far this host's clock is from the mirror's, in a sentence; undefined if it is about right. */
export function explainClock({ output }: FreshclamRun, now: Date): string | undefined {
  const told = [...output.matchAll(/^< Date: *(.+?)\r?$/gim)].at(-1)?.[1];
  return told === undefined ? undefined : clockRemark(new Date(told), now);
}

/** The same for a time that a server has told. */
export function clockRemark(theirs: Date, now: Date): string | undefined {
  const skew = now.getTime() - theirs.getTime();
  if (!(Math.abs(skew) > SKEW_MS)) return undefined;
  return `This host's clock is ${Math.round(Math.abs(skew) / 60_000)} minutes ${skew > 0 ? "ahead" : "behind"}: set it, or let it be set by NTP.`;
}

/** What freshclam says of its own age, in a sentence; undefined if it is not too old. */
export function explainOutdated({ output }: FreshclamRun): string | undefined {
  if (!/Your ClamAV installation is OUTDATED!/.test(output)) return undefined;
  const [, local, recommended] = /Local version: *(\S+) +Recommended version: *(\S+)/.exec(output) ?? [];
  const [, level, needed] = /Current functionality level = *(\d+), recommended = *(\d+)/.exec(output) ?? [];
  const versions = local === undefined ? "" : ` (${local}; ${recommended} is recommended)`;
  const levels = level === undefined ? "" : ` (functionality level ${level}; ${needed} is recommended)`;
  return `freshclam says that the fetcher's ClamAV is outdated${versions || levels}: update it before its mirrors refuse it.`;
}
