import { z } from "zod";
import { suggestName } from "../../schema/suggestion.js";

/** Says what is wrong with a field of a YAML file. `shape` is that of the whole file. */
export function describeIssue(issue: z.core.$ZodIssue, shape: z.ZodType): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys
        .map((key) => `there is no field ${key}${suggestName(key, fieldNames(fieldAt(shape, issue.path)))}`)
        .join(", ");
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `needs ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_value": {
      const values = issue.values.map(String);
      const given = typeof issue.input === "string" ? suggestName(issue.input, values) : "";
      return issue.input === undefined
        ? `is missing; it is ${formatAlternatives(values)}`
        : `needs ${formatAlternatives(values)}${given}`;
    }
    case "too_small":
      return `needs ${issue.inclusive === false ? "more than" : "at least"} ${formatCount(issue.origin, issue.minimum)}`;
    case "too_big":
      return `needs ${issue.inclusive === false ? "less than" : "at most"} ${formatCount(issue.origin, issue.maximum)}`;
    case "invalid_key": {
      const [first] = issue.issues;
      return first ? describeIssue(first, shape) : issue.message;
    }
    default:
      return issue.message;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "fields of its own",
  record: "fields of its own",
};

function formatCount(origin: string, count: number | bigint): string {
  if (origin === "array") return `${count} ${Number(count) === 1 ? "entry" : "entries"}`;
  return origin === "string" ? `${count} ${Number(count) === 1 ? "character" : "characters"}` : String(count);
}

function formatAlternatives(values: readonly string[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
}

function fieldAt(shape: z.ZodType | undefined, path: readonly PropertyKey[]): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((outer, key) => {
    const inner = unwrap(outer);
    if (inner instanceof z.ZodObject) return inner.shape[String(key)];
    if (inner instanceof z.ZodRecord) return inner.valueType as z.ZodType;
    return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
  }, shape);
}

function fieldNames(shape: z.ZodType | undefined): string[] {
  const object = unwrap(shape);
  if (object instanceof z.ZodRecord && object.keyType instanceof z.ZodEnum) return object.keyType.options.map(String);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrap(shape: z.ZodType | undefined): z.ZodType | undefined {
  if (shape instanceof z.ZodPipe) return unwrap(shape.out as z.ZodType);
  const wraps = shape instanceof z.ZodOptional || shape instanceof z.ZodDefault || shape instanceof z.ZodPrefault;
  return wraps ? unwrap(shape.unwrap() as z.ZodType) : shape;
}
