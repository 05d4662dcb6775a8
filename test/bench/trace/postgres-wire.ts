/** Statements as they pass on a connection to Postgres. */

import type { Onlooker } from "./relay.js";
import type { Note } from "./steps.js";

const HEAD = 5;
const SHOWN = 40;

/** Looks on for `who`. */
export function watchPostgres(who: string, note: Note): Onlooker {
  /** Asked, not yet answered. */
  const asked: string[] = [];
  let statement = "";
  const ask = (name: string) => {
    asked.push(name);
    note(`"${name}" asked`, who);
  };
  return {
    toServer: frames(true, (type, body) => {
      if (type === "P") statement = nameOf(text(body, 0), text(body, text(body, 0).length + 1));
      if (type === "B") {
        const named = text(body, text(body, 0).length + 1);
        if (named !== "") statement = named;
      }
      if (type === "Q") ask(nameOf("", text(body, 0)));
      if (type === "S") ask(statement);
    }),
    fromServer: frames(false, (type) => {
      if (type !== "Z") return;
      const name = asked.shift();
      if (name !== undefined) note(`"${name}" done`, "Postgres");
    }),
  };
}

function text(body: Buffer, from: number): string {
  return body.toString("utf8", from, body.indexOf(0, from));
}

function nameOf(name: string, statement: string): string {
  return name === "" ? statement.trim().replaceAll(/\s+/g, " ").slice(0, SHOWN) : name;
}

/** Calls back for each message among the bytes. A client's first message has no type. */
function frames(fromClient: boolean, found: (type: string, body: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = fromClient;
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= HEAD) {
      const length = untyped ? rest.readUInt32BE(0) : 1 + rest.readUInt32BE(1);
      if (rest.length < length) return;
      if (!untyped) found(String.fromCodePoint(rest[0] ?? 0), rest.subarray(HEAD, length));
      untyped = false;
      rest = rest.subarray(length);
    }
  };
}
