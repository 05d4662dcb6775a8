/** Decodes base64 piece by piece. */
export interface Base64Reader {
  /** The bytes decoded so far. */
  push(text: string): Buffer;
  /** The remaining bytes; undefined if the text as a whole is not base64. */
  end(): Buffer | undefined;
}

const DATA_URL = /^data:[^,]{0,200};base64,/i;
const DATA_URL_LENGTH = 213;
const DIGITS = /^[A-Za-z0-9+/_-]*$/;
const NOTHING = Buffer.alloc(0);

/**
 * Accepts white space, both alphabets and a `data:` prefix, as clients send them. Missing padding is refused, because a truncated upload
 * would be another file.
 */
export function createBase64Reader(): Base64Reader {
  let head: string | undefined = "";
  let carry = "";
  let padding = 0;
  let isInvalid = false;

  function decode(text: string): Buffer {
    const dense = text.replace(/\s+/g, "");
    const end = padding > 0 ? 0 : dense.indexOf("=");
    const [digits, rest] = end < 0 ? [dense, ""] : [dense.slice(0, end), dense.slice(end)];
    padding += rest.length;
    isInvalid ||= !DIGITS.test(digits) || !/^=*$/.test(rest);
    if (isInvalid) return NOTHING;
    const known = carry + digits;
    const whole = known.length - (known.length % 4);
    carry = known.slice(whole);
    return Buffer.from(known.slice(0, whole), "base64");
  }

  function decodeHead(): Buffer {
    const text = (head ?? "").replace(DATA_URL, "");
    head = undefined;
    return decode(text);
  }

  return {
    push(text) {
      if (head === undefined) return decode(text);
      head = (head + text).trimStart();
      return head.length < DATA_URL_LENGTH ? NOTHING : decodeHead();
    },
    end() {
      const last = head === undefined ? NOTHING : decodeHead();
      const isWhole = carry.length === 0 || (carry.length > 1 && carry.length + padding >= 4);
      return isInvalid || !isWhole ? undefined : Buffer.concat([last, Buffer.from(carry, "base64")]);
    },
  };
}
