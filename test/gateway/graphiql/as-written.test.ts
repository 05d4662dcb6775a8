import { print, type DocumentNode } from "graphql";
import { describe, expect, it } from "vitest";
import { asWritten } from "../../../gateway/graphiql/as-written.js";

interface Asked {
  query: string;
  operationName?: string | null;
}

/** What is sent when GraphiQL asks for this. */
function sent(asked: Asked): { operationName: string | null | undefined; document: string | undefined } {
  let found: { operationName: string | null | undefined; document: string | undefined } | undefined;
  const fetcher = asWritten((what: Asked, options?: { documentAST?: DocumentNode }) => {
    found = { operationName: what.operationName, document: options?.documentAST && print(options.documentAST) };
    return Promise.resolve({});
  });
  void fetcher(asked, {});
  if (!found) throw new Error("nothing was sent");
  return found;
}

const LOOK = "query Look {\n  engines {\n    name\n  }\n}";
const DELETE = "mutation Delete {\n  deleteScan(id: 1) {\n    __typename\n  }\n}";

describe("what GraphiQL sends", () => {
  it("is the one operation that is written, whatever GraphiQL still calls it", () => {
    for (const operationName of [null, "Before", "Look"]) {
      expect(sent({ query: LOOK, operationName })).toEqual({ operationName: "Look", document: LOOK });
    }
  });

  it("is of several operations the one that is named, and never another for it", () => {
    const query = `${DELETE}\n\n${LOOK}`;
    expect(sent({ query, operationName: "Look" })).toEqual({ operationName: "Look", document: query });
    for (const operationName of ["Before", null])
      expect(sent({ query, operationName })).toEqual({ operationName, document: undefined });
  });

  it("is what was written, if that is no document", () => {
    expect(sent({ query: "{", operationName: "Before" })).toEqual({ operationName: "Before", document: undefined });
  });
});
