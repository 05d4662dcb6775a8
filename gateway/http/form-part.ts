import { readHeaderParameters } from "./header-parameters.js";

/** A part's headers by name in lower case, their bytes as the characters of the same number. */
export type PartHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** What the headers of a part of a form say. */
export interface FormPart {
  readonly field: string;
  /** The file's name as it was sent, without its folders; empty for a file input in which none was chosen, undefined for a text. */
  readonly fileName: string | undefined;
  readonly charset: string;
  /** How its bytes are written, if they are not sent as they are. */
  readonly transferEncoding: string | undefined;
}

/** Reads the headers of a part; undefined if it is no part of a form. */
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

/** The name of a file that has none. */
export const UNNAMED = "unnamed";

/** In the order in which senders mean them: `filename*`, its pieces (RFC 2231), `filename`. */
function readFileName(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get("filename");
  const name = readExtended(parameters.get("filename*")) ?? readPieces(parameters) ?? (plain && readPlain(plain));
  if (name === undefined || name === "") return plain;
  // A folder's name is kept if nothing follows it.
  const last = name.split("/").findLast((part) => part !== "");
  return last === undefined || last.trim() === "" ? UNNAMED : last;
}

/** `utf-8'en'caf%C3%A9.exe`; undefined if it is not written so. */
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
    // A piece that is not encoded stands for itself among those that are.
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

/** Mail programs write words of another alphabet as `=?utf-8?B?…?=`; browsers write a quote or a line break as `%22`, `%0D`, `%0A`. */
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

/** Bytes as text; undefined if they are none in that character set, or it is unknown. */
function decodeText(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}
