/** What an API key may be allowed to do. */

/** Every scope, from reading to running the mesh. */
export const SCOPES = ["scan:read", "scan:write", "sample:read", "fleet:write", "admin"] as const;

/** One of {@link SCOPES}. `admin` includes all the others. */
export type Scope = (typeof SCOPES)[number];
