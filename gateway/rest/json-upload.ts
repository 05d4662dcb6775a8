import { createBase64Reader } from "./base64-reader.js";
import { splitJson } from "./split-json.js";

/** The contents of a JSON upload besides the bytes of its sample. */
export interface JsonParameters {
  readonly parameters: ReadonlyMap<string, unknown>;
  /** The state of the parameter `sample`, if it is a string. */
  readonly sample: "in order" | "not base64" | "too large" | "twice";
}

/** A JSON upload that is being read. */
export interface JsonUpload<T> {
  /**
   * The bytes of `sample` as they arrive; an invalid sample ends early. Throws BAD_INPUT for a body that is not JSON. An error of `parse`
   * is thrown before the end of the bytes, so a store that reads them keeps nothing of a refused upload.
   */
  readonly bytes: AsyncGenerator<Uint8Array, void>;
  /** The result of `parse`. Resolves at the end of the bytes, and never if they throw. */
  readonly input: Promise<T>;
}

/** Reads an upload; `parse` converts its parameters, or throws. */
export function readJsonUpload<T>(
  body: AsyncIterable<Buffer>,
  limit: number,
  parse: (parameters: JsonParameters) => T,
): JsonUpload<T> {
  let resolve = (_input: T) => {};
  const input = new Promise<T>((settle) => (resolve = settle));
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    resolve(parse(yield* readSample(body, limit)));
  }
  return { bytes: bytes(), input };
}

async function* readSample(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Uint8Array, JsonParameters> {
  const pieces = splitJson(body, "sample");
  const base64 = createBase64Reader();
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
