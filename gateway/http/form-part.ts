import { readHeaderParameters } from "./header-parameters.js";

/** A part's headers by lower-case name; each byte of a value is one character (latin1). */
export type PartHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** The information in the headers of a form's part. */
export interface FormPart {
  readonly field: string;
  /** The file's name as sent, without its folders; empty for a file input without a chosen file, undefined for a text field. */
  readonly fileName: string | undefined;
  readonly charset: string;
  /** The transfer encoding of its bytes, if they are not sent unencoded. */
  readonly transferEncoding: string | undefined;
}

/** Reads the headers of a part; undefined if it does not belong to a form. */
export function readFormPart(headers: PartHeaders): FormPart | undefined {
  const header = (name: string) => Buffer.from(headers[name]?.[0] ?? "", "latin1").toString();
  const disposition = header("content-disposition");
  if (!/^form-data\s*(;|$)/i.test(disposition)) return undefined;
  const parameters = readHeaderParameters(disposition);
  const type = header("content-type");
  const isBytes = /^application\/octet-stream\s*(;|$)/i.test(type);
  const encoding = header("content-transfer-encoding").trim().toLowerCase();
  return {
    field: parameters.get("name") ?? "",
    fileName: readFileName(parameters) ?? (isBytes ? UNNAMED : undefined),
    charset: readHeaderParameters(type).get("charset") ?? "utf-8",
    transferEncoding: /^(7bit|8bit|binary)?$/.test(encoding) ? undefined : encoding,
  };
}

/** The name given to files without one. */
export const UNNAMED = "unnamed";

/** Tries, in the order that senders intend: `filename*`, its pieces (RFC 2231), `filename`. */
function readFileName(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get("filename");
  const name = readExtended(parameters.get("filename*")) ?? readPieces(parameters) ?? (plain && readPlain(plain));
  if (name === undefined || name === "") return plain;
  // If the path ends with a folder, the folder's name is kept.
  const last = name.split("/").findLast((part) => part !== "");
  return last === undefined || last.trim() === "" ? UNNAMED : last;
}

/** Reads `utf-8'en'caf%C3%A9.exe`; undefined for any other form. */
function readExtended(value: string | undefined): string | undefined {
  const [, charset = "", text = ""] = /^([\w.:-]+)'[^']*'(.*)$/s.exec(value ?? "") ?? [];
  return charset === "" ? undefined : decodePercent(text, charset);
}

const MOST_PIECES = 100;

function readPieces(parameters: ReadonlyMap<string, string>): string | undefined {
  let text = "";
  let extended = false;
  for (let i = 0; i < MOST_PIECES; i += 1) {
    const encoded = parameters.get(`filename*${i}*`);
    const piece = encoded ?? parameters.get(`filename*${i}`);
    if (piece === undefined) break;
    if (i === 0) extended = encoded !== undefined;
    // A plain piece among encoded ones is taken literally.
    text += extended && encoded === undefined ? encodeURIComponent(piece) : piece;
  }
  if (text === "") return undefined;
  return extended ? readExtended(text) : text;
}

function decodePercent(text: string, charset: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  const bytes = Buffer.from(text)
    .toString("latin1")
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return decodeText(Buffer.from(bytes, "latin1"), charset);
}

const WORD = /=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bq])\?([^?\s]*)\?=/gi;

/** Mail programs encode words in other alphabets as `=?utf-8?B?…?=`; browsers write a quote or a line break as `%22`, `%0D`, `%0A`. */
function readPlain(text: string): string {
  const joined = text.replace(/\?=\s+(?==\?)/g, "?=");
  const words = joined.replace(WORD, (word, charset: string, kind: string, content: string) => {
    if (kind.toLowerCase() === "b") return decodeText(Buffer.from(content, "base64"), charset) ?? word;
    const percent = content
      .replaceAll("%", "%25")
      .replaceAll("_", "%20")
      .replace(/=(?=[0-9a-f]{2})/gi, "%");
    return decodePercent(percent, charset) ?? word;
  });
  return words === joined ? text.replace(/%(22|0[ad])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : words;
}

/** Decodes text; undefined if the bytes are invalid in that character set, or it is unknown. */
function decodeText(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}
