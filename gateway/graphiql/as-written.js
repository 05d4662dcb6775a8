import { parse } from "graphql";

/**
 * GraphiQL reads its editor a tenth of a second after it has changed, and until then names the operation that stood there before.
 * Here what runs is read from what is sent.
 * @param {import("@graphiql/toolkit").Fetcher} fetcher
 * @returns {import("@graphiql/toolkit").Fetcher}
 */
export function asWritten(fetcher) {
  return (asked, options) => {
    const document = read(asked.query);
    const operations = document?.definitions.filter(({ kind }) => kind === "OperationDefinition") ?? [];
    const chosen = operations.find(({ name }) => name?.value === asked.operationName) ?? operations[0];
    if (document === undefined || chosen === undefined) return fetcher(asked, options);
    return fetcher({ ...asked, operationName: chosen.name?.value }, { ...options, documentAST: document });
  };
}

/** Undefined for what is no document: the gateway says why. */
function read(query) {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
