/** A page that is older than the gateway asks for files that are gone: it is loaded again, once. */

const DONE = "scanmesh-reloaded";

export function reloadForNewFiles(): void {
  addEventListener("vite:preloadError", (event) => {
    if (sessionStorage.getItem(DONE) === location.href) return;
    sessionStorage.setItem(DONE, location.href);
    event.preventDefault();
    location.reload();
  });
}
