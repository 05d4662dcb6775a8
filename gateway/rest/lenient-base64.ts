/** Base64 that is decoded as its text comes. */
export interface Base64Reader {
  /** The bytes that can be told by now. */
  push(text: string): Buffer;
  /** The last bytes; undefined if it was no base64. */
  end(): Buffer | undefined;
}

const DATA_URL = /^data:[^,]{0,200};base64,/i;
const DATA_URL_LENGTH = 213;
const DIGITS = /^[A-Za-z0-9+/_-]*$/;
const NOTHING = Buffer.alloc(0);

/** Reads base64 as callers write it: white space, missing padding, either alphabet and a `data:` prefix are taken. */
export function lenientBase64(): Base64Reader {
  let head: string | undefined = "";
  let carry = "";
  let padded = false;
  let broken = false;

  function take(text: string): Buffer {
    const dense = text.replace(/\s+/g, "");
    const end = padded ? 0 : dense.indexOf("=");
    const [digits, padding] = end < 0 ? [dense, ""] : [dense.slice(0, end), dense.slice(end)];
    padded ||= padding !== "";
    broken ||= !DIGITS.test(digits) || !/^=*$/.test(padding);
    if (broken) return NOTHING;
    const known = carry + digits;
    const whole = known.length - (known.length % 4);
    carry = known.slice(whole);
    return Buffer.from(known.slice(0, whole), "base64");
  }

  function takeHead(): Buffer {
    const text = (head ?? "").replace(DATA_URL, "");
    head = undefined;
    return take(text);
  }

  return {
    push(text) {
      if (head === undefined) return take(text);
      head = (head + text).trimStart();
      return head.length < DATA_URL_LENGTH ? NOTHING : takeHead();
    },
    end() {
      const last = head === undefined ? NOTHING : takeHead();
      return broken || carry.length === 1 ? undefined : Buffer.concat([last, Buffer.from(carry, "base64")]);
    },
  };
}
