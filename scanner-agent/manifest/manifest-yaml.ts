import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { describeIssue } from "./yaml-issues.js";

/** A YAML text, and where its fields stand. */
export interface YamlText {
  /** The value of a field, or of the whole text, if it has this shape; `what` names it where a mistake has no field. */
  read<T extends z.ZodType>(path: readonly PropertyKey[], shape: T, what: string): { readonly value: z.infer<T> } | Mistakes;
  /** File and line of a field, or of the nearest thing around it that is there. */
  place(path: readonly PropertyKey[]): string;
  /** The keys of a map, in the order of the file. */
  keys(path: readonly PropertyKey[]): readonly string[];
}

/** Each mistake is one line that names file, line and field. */
export interface Mistakes {
  readonly mistakes: readonly string[];
}

/** Parses a file's text. */
export function parseYaml(file: string, text: string): YamlText | Mistakes {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return {
      mistakes: document.errors.map((error) => `${at(error.pos[0])}: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}`),
    };
  }
  const content: unknown = document.toJS();
  const place = (path: readonly PropertyKey[]) => at(offsetOf(document, path));
  return {
    place,
    keys: (path) => keysOf(document, path),
    read(base, shape, what) {
      const parsed = shape.safeParse(valueAt(content, base), { reportInput: true });
      if (parsed.success) return { value: parsed.data };
      return {
        mistakes: parsed.error.issues.map((issue) => {
          const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
          const path = [...base, ...issue.path, ...unknown];
          return `${place(path)}: ${path.join(".") || what}: ${describeIssue(issue, shape)}`;
        }),
      };
    },
  };
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    content,
  );
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isScalar(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keysOf(document: Document, path: readonly PropertyKey[]): string[] {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  return isMap(map) ? map.items.flatMap(({ key }) => (isScalar(key) && typeof key.value === "string" ? [key.value] : [])) : [];
}
