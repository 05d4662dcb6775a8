/** What must hold of the mesh's answers while a fault lasts. */

import type { Evidence, Limits } from "./evidence.js";
import { only, type Answered, type Entry, type Read, type Ready } from "./journal.js";

/** Refusals that say when to come back. */
const COME_BACK = new Set([429, 503, 507]);

const isAnswered = ({ status }: Answered | Read): boolean => status !== null && status >= 200 && status < 300;

/** The requests that were sent while the fault lasted. */
function during<E extends Answered | Read>(journal: readonly Entry[], requests: readonly E[]): E[] {
  const at = (phase: string) => only(journal, "phase").find((entry) => entry.phase === phase)?.at;
  const [struck, healed] = [at("struck") ?? Infinity, at("healed") ?? Infinity];
  return requests.filter((request) => request.at >= struck && request.at <= healed);
}

/** The share of reads and of uploads that were answered while the fault lasted; null: there were none. */
export function availability(journal: readonly Entry[]): { reads: number | null; uploads: number | null } {
  const share = (requests: readonly (Answered | Read)[]) =>
    requests.length === 0 ? null : requests.filter(isAnswered).length / requests.length;
  return { reads: share(during(journal, only(journal, "read"))), uploads: share(during(journal, only(journal, "answered"))) };
}

/** Requests are answered, or refused with a time to come back at; never with an error of the mesh's own. */
export function availabilityProblems({ journal }: Evidence, limits: Limits): string[] {
  const wrong = new Map<string, number>();
  for (const request of [...only(journal, "answered"), ...only(journal, "read")]) {
    if (request.status === null || isAnswered(request)) continue;
    const mayComeBack = COME_BACK.has(request.status);
    if (mayComeBack && request.retryAfter) continue;
    const what = request.kind === "read" ? "reading a report" : "an upload";
    const sentence = `${what} was answered ${request.status}${mayComeBack ? " without Retry-After" : ""}`;
    wrong.set(sentence, (wrong.get(sentence) ?? 0) + 1);
  }
  const { reads, uploads } = availability(journal);
  return [
    ...tooFew("reads", reads, limits.readShare),
    ...tooFew("uploads", uploads, limits.uploadShare),
    ...[...wrong].map(([sentence, times]) => `${sentence} (${times} times)`),
    ...(limits.takesEveryUpload ? neverTaken(journal) : []),
  ];
}

function tooFew(what: string, share: number | null, least: number): string[] {
  return share === null || share >= least ? [] : [`${percent(share)} of the ${what} were answered, not ${percent(least)}`];
}

function neverTaken(journal: readonly Entry[]): string[] {
  const taken = new Set(only(journal, "answered").flatMap(({ key, scan }) => (scan === null ? [] : [key])));
  const refused = new Set(only(journal, "sent").flatMap(({ key }) => (taken.has(key) ? [] : [key])));
  return refused.size === 0 ? [] : [`${refused.size} samples were taken by no gateway, however often they were sent`];
}

/** Uploads to one gateway that all went the same way, one after the other. */
interface Stretch {
  readonly ok: boolean;
  readonly from: number;
  to: number;
}

/** `/readyz` says ok only while uploads are taken, and says so while they are; it has a while to notice. */
export function readinessProblems({ journal }: Evidence, { noticeMs }: Limits): string[] {
  const gateways = new Set(only(journal, "ready").map(({ gateway }) => gateway));
  return [...gateways].flatMap((gateway) => {
    const ready = only(journal, "ready").filter((entry) => entry.gateway === gateway);
    return stretches(only(journal, "answered").filter((entry) => entry.gateway === gateway)).flatMap((stretch) => {
      const wrongMs = longestRun(ready, stretch);
      if (wrongMs < noticeMs) return [];
      const seconds = `for ${(wrongMs / 1_000).toFixed(0)} s`;
      return stretch.ok
        ? [`${gateway} said ${seconds} that it is not ready, and took every upload`]
        : [`${gateway} said ${seconds} that it is ready, and took no upload`];
    });
  });
}

function stretches(uploads: readonly Answered[]): Stretch[] {
  const found: Stretch[] = [];
  for (const upload of uploads.toSorted((a, b) => a.sentAt - b.sentAt)) {
    const last = found.at(-1);
    if (last?.ok === isAnswered(upload)) last.to = Math.max(last.to, upload.at);
    else found.push({ ok: isAnswered(upload), from: upload.sentAt, to: upload.at });
  }
  return found;
}

/** How long `/readyz` said the opposite without a break, while uploads all went this way. */
function longestRun(ready: readonly Ready[], { ok, from, to }: Stretch): number {
  let longest = 0;
  let since: number | undefined;
  for (const { at, says } of ready) {
    if (at < from || at > to || (says === "ok") === ok) since = undefined;
    else longest = Math.max(longest, at - (since ??= at));
  }
  return longest;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0.99 && share < 1 ? 1 : 0)} %`;
}
