/** Sees to it that the mesh has the bytes of a file: what it has already is not sent. */

import { answerTo } from "../../api/answer.ts";
import { askNow } from "../../api/ask-now.ts";
import { client } from "../../api/client.ts";
import { hashFile } from "../../api/hash.ts";
import { awayIn, persist } from "../../api/persist.ts";
import { CutOff, sendBytes } from "../../api/upload.ts";
import { CreateUpload, KnownSample, type KnownSampleQuery } from "../../generated/submit.ts";

export type KnownScan = NonNullable<NonNullable<KnownSampleQuery["sample"]>["latestScan"]>;

/** A sample that the mesh has. */
export interface Brought {
  readonly sha256: string;
  /** The last scan of a sample that was there already, if there is one. */
  readonly latestScan: KnownScan | null;
}

export interface Bringing {
  readonly signal: AbortSignal;
  onProgress(is: "hashing" | "sending", done: number): void;
}

/** Above this size the bytes are sent while they are hashed: the hash alone would take seconds. */
const HASH_FIRST_BYTES = 64 * 1024 ** 2;
/** A file that so often does not get through to a gateway that answers never will. */
const MOST_CUTS = 3;

export async function bringSample(file: File, bringing: Bringing): Promise<Brought> {
  const { signal, onProgress } = bringing;
  const hash = (tell: (done: number) => void) => persist(() => hashFile(file, signal, tell), signal);
  if (file.size <= HASH_FIRST_BYTES) return bringHashed(file, await hash((done) => onProgress("hashing", done)), bringing);
  const hashed = hash(() => undefined);
  try {
    return await sendUnhashed(file, hashed, bringing);
  } catch (error) {
    if (awayIn(error) === undefined || signal.aborted) throw error;
    return bringHashed(file, await hashed, bringing);
  }
}

/** Whichever ends first decides: bytes that the mesh has need not be sent to their end. */
async function sendUnhashed(file: File, hashed: Promise<string>, bringing: Bringing): Promise<Brought> {
  const stop = new AbortController();
  const sent = send(file, { ...bringing, signal: AbortSignal.any([bringing.signal, stop.signal]) });
  const looked = hashed.then(async (sha256) => ({ sha256, sample: await known(sha256) }));
  // Without an answer about the hash all of it is sent, and how that ends is what counts.
  const found = Promise.allSettled([looked]).then(async ([look]) => {
    if (look.status !== "fulfilled" || !look.value.sample?.stored) return { sha256: await sent, latestScan: null };
    return { sha256: look.value.sha256, latestScan: look.value.sample.latestScan };
  });
  const first = await Promise.race([sent.then((sha256) => ({ sha256, latestScan: null })), found]);
  // What is sent until then is not needed, and neither is its end.
  stop.abort();
  await Promise.allSettled([sent]);
  return first;
}

/** Asks about the sample before each try: the bytes may have arrived although the answer was lost. */
function bringHashed(file: File, sha256: string, bringing: Bringing): Promise<Brought> {
  let wasSent = false;
  let cuts = 0;
  return persist(async () => {
    const sample = await known(sha256);
    if (sample?.stored) return { sha256, latestScan: wasSent ? null : sample.latestScan };
    wasSent = true;
    try {
      return { sha256: await send(file, bringing), latestScan: null };
    } catch (error) {
      // The gateway has just answered.
      if (error instanceof CutOff && ++cuts >= MOST_CUTS)
        throw new Error(`${error.message} It did so ${MOST_CUTS} times: perhaps a proxy takes no file of this size.`, {
          cause: error,
        });
      throw error;
    }
  }, bringing.signal);
}

async function known(sha256: string): Promise<KnownSampleQuery["sample"]> {
  return (await answerTo(askNow(KnownSample, { sha256 }))).sample;
}

async function send(file: File, { signal, onProgress }: Bringing): Promise<string> {
  const { createUpload } = await answerTo(client.mutation(CreateUpload, {}).toPromise());
  return sendBytes({ id: createUpload.id, file, signal, onProgress: (done) => onProgress("sending", done) });
}
