/** A page that is older than the gateway asks for files that are gone: it is loaded again, once. */

const DONE = "scanmesh-reloaded";
const missing = new WeakSet<Error>();

export function reloadForNewFiles(): void {
  addEventListener("vite:preloadError", (event) => {
    missing.add(event.payload);
    if (sessionStorage.getItem(DONE) === location.href) return;
    sessionStorage.setItem(DONE, location.href);
    event.preventDefault();
    location.reload();
  });
}

/** Whether this is what came of a file that could not be loaded: browsers each say it in words of their own. */
export function isMissingFile(error: Error): boolean {
  return missing.has(error);
}
