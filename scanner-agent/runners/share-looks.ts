import { answerWithin } from "../within.js";

/** Whatever does not answer within this time is not there. */
const ANSWER_MS = 30_000;

/**
 * Shares a slow check among many callers: those who ask while one is under way share the next, which begins after they asked. So only one
 * runs at a time, however many samples are scanned, and a disk that does not answer holds up no more than one: a check that exceeds the
 * limit fails with {@link Unavailable}, and the next may begin.
 */
export function shareLooks<T>(look: () => Promise<T>, limitMs = ANSWER_MS): () => Promise<T> {
  let underway: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    next = undefined;
    const begun = answerWithin(limitMs, look());
    const end = () => {
      if (underway === ended) underway = undefined;
    };
    const ended = begun.then(end, end);
    underway = ended;
    return begun;
  }

  return () => next ?? (underway === undefined ? begin() : (next = underway.then(begin)));
}
