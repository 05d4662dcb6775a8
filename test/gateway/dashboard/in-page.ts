/** What tests look for in the page itself: scripts, since the page's own policy lets nothing else in. */

/** Notes when a live region says something, in `globalThis.said`. */
export const NOTE_LIVE_REGIONS = `
  globalThis.said = [];
  new MutationObserver((changes) => {
    const regions = new Set(changes.map(({ target }) => (target.parentElement ?? target).closest("[role=status], [role=alert], [role=log], [aria-live]")));
    for (const region of regions) if (region) said.push({ at: performance.now(), text: region.textContent });
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

/** Controls that are smaller than 24 by 24 px; links within a sentence may be as high as their line. */
export const SMALL_TARGETS = `
  [...document.querySelectorAll("a[href], button, input:not([hidden]), select, textarea, summary, [role=button], [role=tab]")]
    .filter((control) => control.checkVisibility() && !control.matches(".skip"))
    .map((control) => ({ control, box: (control.labels?.[0]?.contains(control) ? control.labels[0] : control).getBoundingClientRect() }))
    .filter(({ control, box }) => {
      const isInline = control.matches("a") && getComputedStyle(control).display === "inline";
      return box.height < (isInline ? 14 : 24) || (!isInline && box.width < 24);
    })
    .map(({ control, box }) => control.outerHTML.slice(0, 120) + " " + box.width + "x" + box.height)
`;

/** What has the focus, and whether something else lies over its middle or its upper edge. */
export const FOCUSED = `(() => {
  const { activeElement: control } = document;
  if (control === null || control === document.body || control.id === "main") return null;
  const box = control.getBoundingClientRect();
  // Of what is higher than the page, what is in it.
  const isHigh = box.height > innerHeight;
  const [top, bottom] = isHigh ? [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)] : [box.top, box.bottom];
  const isThere = (x, y) => {
    const topmost = document.elementFromPoint(x, y);
    return topmost !== null && (control.contains(topmost) || topmost.contains(control) || control.labels?.[0]?.contains(topmost));
  };
  const middle = box.left + box.width / 2;
  const isShown = isThere(middle, (top + bottom) / 2) && (isHigh || isThere(middle, top + 2));
  return { name: control.outerHTML.slice(0, 160), isShown };
})()`;

/** Waits until nothing on the page changes any more. */
export const SETTLED = `new Promise((resolve) => {
  const settle = () => (document.body.textContent.includes("Loading …") ? again() : (watch.disconnect(), resolve()));
  let timer = setTimeout(settle, 200);
  const again = () => (clearTimeout(timer), (timer = setTimeout(settle, 200)));
  const watch = new MutationObserver(again);
  watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
})`;

/** How much moves by itself. */
export const MOVING = `document.getAnimations().length + (getComputedStyle(document.documentElement).scrollBehavior === "smooth")`;

/** Opens everything that can be opened and presses every button of the screen, also those that appear; then waits until it is at rest. */
export const EVERYTHING_PRESSED = `(async () => {
  const pressed = new Set();
  const next = () => [...document.querySelectorAll("main button:not(:disabled)")].find((button) => !pressed.has(button) && button.checkVisibility());
  for (let button; pressed.size < 100 && (button = next()) !== undefined;) {
    for (const details of document.querySelectorAll("main details")) details.open = true;
    pressed.add(button);
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await ${SETTLED};
})()`;
