import { buildSchema, parse } from "graphql";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { openCaller, type Caller } from "../../../../gateway/caller.js";
import { createDocuments } from "../../../../gateway/graphql/limits/documents.js";
import { requestContext } from "../../../../gateway/graphql/context/request-context.js";
import { createSubscriptions, type Subscriptions } from "../../../../gateway/graphql/transports/subscriptions.js";
import type { ScanContext } from "../../../../gateway/scan/context.js";
import { Watch } from "../../../../gateway/watch/watch.js";

const schema = buildSchema("type Query { n: Int } type Tick { n: Int, wrong: Int } type Subscription { tick: Tick }");
const log = pino({ level: "silent" });
const everything = openCaller("127.0.0.1", "test");

/** An event that counts how often it is looked at. */
function event(n: number) {
  const tick = {
    looks: 0,
    n() {
      tick.looks += 1;
      return n;
    },
    wrong() {
      throw new Error("secret");
    },
  };
  return { tick };
}

function asked(query: string, events: object[], caller: Caller = everything) {
  const contextValue = requestContext({} as ScanContext, {
    caller,
    baseUrl: "http://mesh",
    signal: new AbortController().signal,
  });
  const rest = [...events];
  const subscribeFieldResolver = () =>
    new Watch<object>({
      register: () => () => {},
      step() {
        const value = rest.shift();
        return value ? { value } : "end";
      },
    });
  return { schema, query, document: parse(query), contextValue, subscribeFieldResolver };
}

async function textsOf(subscribe: Subscriptions, asking: Parameters<Subscriptions>[0]): Promise<string[]> {
  const found: string[] = [];
  let endings = 0;
  for await (const item of await subscribe(asking, () => (endings += 1))) found.push(item.toString());
  expect(endings).toBe(1);
  return found;
}

describe("an event", () => {
  it("is executed once for all subscribers with the same question, and once for each other question", async () => {
    const subscribe = createSubscriptions(log);
    const [first, second] = [event(1), event(2)];
    const subscriptions = [
      ...Array.from({ length: 20 }, () => asked("subscription { tick { n } }", [first, second])),
      asked("subscription { tick { m: n } }", [first, second]),
      asked("subscription { tick { n } }", [first, second], { ...everything, scopes: new Set(["scan:read"]) }),
    ];
    const texts = await Promise.all(subscriptions.map((one) => textsOf(subscribe, one)));
    for (const text of texts.slice(0, 20)) expect(text).toEqual(['{"data":{"tick":{"n":1}}}', '{"data":{"tick":{"n":2}}}']);
    expect(texts[20]).toEqual(['{"data":{"tick":{"m":1}}}', '{"data":{"tick":{"m":2}}}']);
    expect([first.tick.looks, second.tick.looks]).toEqual([3, 3]);
  });

  it("that cannot be shown says so without saying why, and the subscription goes on", async () => {
    const texts = await textsOf(createSubscriptions(log), asked("subscription { tick { wrong } }", [event(1), event(2)]));
    expect(texts).toHaveLength(2);
    expect(JSON.parse(texts[1] ?? "")).toMatchObject({
      errors: [{ message: "internal error", extensions: { code: "INTERNAL" } }],
    });
    expect(texts.join()).not.toContain("secret");
  });
});

describe("a document", () => {
  it("is read once as long as it is used, and forgotten later", () => {
    const read = createDocuments(schema, true);
    const document = (i: number) => `{ n ${`# ${i} `.padEnd(8_000, ".")}\n }`;
    const [often, once] = [read(document(0)), read(document(1))];
    for (let i = 2; i < 100; i++) {
      read(document(i));
      expect(read(document(0))).toBe(often);
    }
    expect(read(document(1))).not.toBe(once);
  });
});
