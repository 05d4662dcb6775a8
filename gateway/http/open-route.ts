/** The options of a route that needs no key. */
export const OPEN_ROUTE = { config: { needs: "open" } } as const;
