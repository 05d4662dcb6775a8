/** The options of a route that anybody may call, with or without a key. */
export const OPEN_ROUTE = { config: { needs: "open" } } as const;
