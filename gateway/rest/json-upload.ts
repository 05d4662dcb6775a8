import { lenientBase64 } from "./lenient-base64.js";
import { splitJson } from "./split-json.js";

/** What an upload in JSON says beside its sample. */
export interface JsonParameters {
  readonly parameters: ReadonlyMap<string, unknown>;
  /** What there is to say of the sample's text, if the parameter is a text at all. */
  readonly sample: "in order" | "not base64" | "too large" | "twice";
}

/** Yields the bytes of `sample` as they come; what cannot be taken ends them early. Throws BAD_INPUT for what is not JSON. */
export async function* readJsonUpload(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Uint8Array, JsonParameters> {
  const pieces = splitJson(body, "sample");
  const base64 = lenientBase64();
  let size = 0;
  for (;;) {
    const { done, value } = await pieces.next();
    const bytes = done ? base64.end() : base64.push(value);
    size += bytes?.length ?? 0;
    if (bytes && size <= limit) yield bytes;
    if (!done) continue;
    const parameters = new Map(Object.entries(isObject(value.value) ? value.value : {}));
    if (value.occurrences > 1) return { parameters, sample: "twice" };
    return { parameters, sample: !bytes ? "not base64" : size > limit ? "too large" : "in order" };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
