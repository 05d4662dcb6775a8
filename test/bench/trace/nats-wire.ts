/** The steps of a scan as they pass on a connection to nats-server. */

import type { Onlooker } from "./relay.js";
import type { Note } from "./steps.js";

const LINE_END = Buffer.from("\r\n");
const WITH_PAYLOAD = new Set(["PUB", "HPUB", "MSG", "HMSG"]);

/** What is published, by the beginning of its subject, and what the server's answer to it is. */
const PUBLISHED: readonly (readonly [prefix: string, step: string, answer?: string])[] = [
  ["sample.", "chunk published", "chunk stored"],
  ["scan.", "request published", "request stored"],
  ["result.", "result published", "result stored"],
  ["$JS.API.DIRECT.GET.SAMPLES", "chunk asked for", "chunk read"],
  ["$JS.ACK.SCANS", "request acknowledged"],
  ["$JS.ACK.RESULTS", "result acknowledged"],
  ["live.scan", "hint published"],
];

const DELIVERED: readonly (readonly [prefix: string, step: string])[] = [
  ["scan.", "request delivered"],
  ["result.", "result delivered"],
  ["live.scan", "hint delivered"],
];

/** Looks on for `who`. */
export function watchNats(who: string, note: Note): Onlooker {
  const answers = new Map<string, string>();
  return {
    toServer: frames((verb, subject, args) => {
      const found = PUBLISHED.find(([prefix]) => subject.startsWith(prefix));
      if (found === undefined) return;
      const [, step, answer] = found;
      // Verb, subject, perhaps a reply, and one or two sizes.
      const reply = args.length > (verb === "HPUB" ? 2 : 1) ? args[0] : undefined;
      if (answer !== undefined && reply !== undefined) answers.set(reply, answer);
      note(step, who);
    }),
    fromServer: frames((_verb, subject) => {
      const answer = answers.get(subject);
      answers.delete(subject);
      const step = answer ?? DELIVERED.find(([prefix]) => subject.startsWith(prefix))?.[1];
      if (step !== undefined) note(`${step}${answer === undefined ? ` to the ${who}` : ""}`, "nats-server");
    }),
  };
}

/** Calls back for each message among the bytes, however they are cut. */
function frames(found: (verb: string, subject: string, args: readonly string[]) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      const end = rest.indexOf(LINE_END);
      if (end === -1) return;
      const [verb = "", subject = "", ...args] = rest.toString("latin1", 0, end).split(" ");
      let next = end + LINE_END.length;
      if (WITH_PAYLOAD.has(verb)) {
        next += Number(args.at(-1)) + LINE_END.length;
        if (rest.length < next) return;
        found(verb, subject, args);
      }
      rest = rest.subarray(next);
    }
  };
}
