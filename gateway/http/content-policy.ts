const POLICY = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "img-src": "data:",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

/** Headers of the pages: they load only files from this gateway, run no inline scripts and cannot be framed. */
export const PAGE_HEADERS = pageHeaders(POLICY);

/** GraphiQL's editor, Monaco, runs in workers and adds its themes to the page as style elements. */
export const GRAPHIQL_HEADERS = pageHeaders({
  ...POLICY,
  "style-src": "'self' 'unsafe-inline'",
  "font-src": "'self' data:",
  "img-src": "'self' data:",
  "worker-src": "'self'",
});

function pageHeaders(policy: Readonly<Record<string, string>>) {
  return {
    "content-security-policy": Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources}`)
      .join("; "),
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  } as const;
}
