/**
 * The parameters of a header such as Content-Disposition, by lower-case name; if a name occurs more than once, the first counts. In quotes
 * a backslash escapes only a quote or a backslash; before other characters it is literal, as browsers send it.
 */
export function readHeaderParameters(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const lastQuote = header.lastIndexOf('"');
  for (let at = header.indexOf(";"); at >= 0;) {
    const equals = header.indexOf("=", at);
    if (equals < 0) break;
    const name =
      header
        .slice(at + 1, equals)
        .split(";")
        .at(-1)
        ?.trim()
        .toLowerCase() ?? "";
    let start = equals + 1;
    while (header[start] === " " || header[start] === "\t") start += 1;
    const { value, end } = header[start] === '"' ? readQuoted(header, start + 1, lastQuote) : readToken(header, start);
    if (!parameters.has(name)) parameters.set(name, value);
    at = header.indexOf(";", end);
  }
  return parameters;
}

interface Value {
  readonly value: string;
  readonly end: number;
}

function readToken(header: string, start: number): Value {
  const semicolon = header.indexOf(";", start);
  const end = semicolon < 0 ? header.length : semicolon;
  return { value: header.slice(start, end).trim(), end };
}

/** The last quote of a header ends its value even after a backslash: browsers do not escape the backslash of a file named `a\`. */
function readQuoted(header: string, start: number, lastQuote: number): Value {
  let value = "";
  let end = start;
  for (; end < header.length && header[end] !== '"'; end += 1) {
    const next = header[end + 1];
    if (header[end] === "\\" && (next === "\\" || (next === '"' && end + 1 !== lastQuote))) end += 1;
    value += header[end];
  }
  return { value, end: end + 1 };
}
