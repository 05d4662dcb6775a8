import { Kind, parse } from "graphql";

/**
 * GraphiQL reads its editor a tenth of a second after it has changed, and until then names the operation that stood there before.
 * Here what runs is read from what is sent.
 * @param {import("@graphiql/toolkit").Fetcher} fetcher
 * @returns {import("@graphiql/toolkit").Fetcher}
 */
export function asWritten(fetcher) {
  return (asked, options) => {
    const document = read(asked.query);
    const operations = (document?.definitions ?? []).flatMap((node) => (node.kind === Kind.OPERATION_DEFINITION ? [node] : []));
    const named = operations.find(({ name }) => name?.value === asked.operationName);
    // Of several none is chosen for a name that is not there: the gateway says so.
    const chosen = named ?? (operations.length === 1 ? operations[0] : undefined);
    if (document === undefined || chosen === undefined) return fetcher(asked, options);
    return fetcher({ ...asked, operationName: chosen.name?.value ?? null }, { ...options, documentAST: document });
  };
}

/**
 * Undefined for what is no document: the gateway says why.
 * @param {string} query
 */
function read(query) {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
