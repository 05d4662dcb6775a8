/** One request to a gateway, as its users make it. */

import type { Sample } from "./samples.js";

/** Longer than any answer takes of a gateway that is well. */
const PATIENCE_MS = 15_000;

export interface Answer {
  /** Null: there was none. */
  readonly status: number | null;
  readonly retryAfter: boolean;
  readonly body: string;
}

const NO_ANSWER: Answer = { status: null, retryAfter: false, body: "" };

/** A request that is not answered has {@link Answer} with no status. */
export async function ask(url: string, init: RequestInit = {}, patienceMs = PATIENCE_MS): Promise<Answer> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), patienceMs);
  try {
    const response = await fetch(url, { ...init, signal: ending.signal });
    return { status: response.status, retryAfter: response.headers.has("retry-after"), body: await response.text() };
  } catch {
    // Refused, reset, or too late: the same for a client.
    return NO_ANSWER;
  } finally {
    clearTimeout(timer);
  }
}

export async function upload(
  gateway: string,
  { bytes, internet, key }: Sample,
  patienceMs?: number,
): Promise<Answer & { scan: number | null }> {
  const form = new FormData();
  form.set("minspeed", "3");
  form.set("allow_internet", internet ? "true" : "false");
  form.set("file_upload", new Blob([bytes]), `${key}.bin`);
  const answer = await ask(
    `${gateway}/api/v1/sample`,
    { method: "POST", headers: { "idempotency-key": key }, body: form },
    patienceMs,
  );
  return { ...answer, scan: answer.status === 200 ? (JSON.parse(answer.body) as { id: number }).id : null };
}

/** What `/readyz` says: `ok`, `degraded`, `unavailable`; empty without an answer. */
export async function readiness(gateway: string): Promise<string> {
  const { status, body } = await ask(`${gateway}/readyz`, {}, 3_000);
  if (status === null) return "";
  try {
    return (JSON.parse(body) as { status?: string }).status ?? "";
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}

/** Throws if there is no answer, or one with errors. */
export async function query<T>(gateway: string, text: string, variables: Record<string, unknown> = {}): Promise<T> {
  const answer = await ask(`${gateway}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: text, variables }),
  });
  if (answer.status !== 200) throw new Error(`GraphQL answers ${answer.status ?? "nothing"}: ${answer.body.slice(0, 300)}`);
  const { data, errors } = JSON.parse(answer.body) as { data: T; errors?: readonly { message: string }[] };
  if (errors) throw new Error(errors.map(({ message }) => message).join("; "));
  return data;
}
