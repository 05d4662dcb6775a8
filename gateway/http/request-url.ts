/** The path of a request's target as it was sent. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** What stands behind the first `?` of a request's target; any text is read, none is refused. */
export function searchOf(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(pathOf(url).length));
}
