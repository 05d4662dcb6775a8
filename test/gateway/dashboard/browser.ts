/** The dashboard in a real browser that reaches nothing but the gateway. */

import type { BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { faultOf, PATIENCE_MS, sharedChromium } from "../../stage/chromium.js";
import { prepared } from "../../stage/use-stage.js";

export interface Opened {
  readonly page: Page;
  /** What it asked of anybody but the gateway, what it was refused, and what went wrong in it. */
  readonly faults: string[];
}

export interface BrowserOptions extends BrowserContextOptions {
  /** The API key that its tab already has. */
  readonly key?: string;
  /** What is done with the page before it is loaded. */
  readonly before?: (page: Page) => Promise<unknown>;
}

/** Opens pages for the tests of a file. Each has a profile of its own, and is closed after its test: while it lives, it works. */
export function useBrowser() {
  const browser = prepared(sharedChromium);
  return async (origin: string, path = "/", { key, before, ...options }: BrowserOptions = {}): Promise<Opened> => {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    context.setDefaultTimeout(PATIENCE_MS);
    if (key !== undefined) await context.addInitScript(`sessionStorage.setItem("scanmesh-api-key", ${JSON.stringify(key)})`);
    const page = await context.newPage();
    const faults: string[] = [];
    // The browser itself reaches no other host. To intercept requests would keep it from its cache, and every script passes by here.
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && url.protocol !== "data:") faults.push(`asked for ${url.href}`);
    });
    page.on("websocket", (socket) => {
      if (!socket.url().startsWith(origin.replace("http", "ws"))) faults.push(`connected to ${socket.url()}`);
    });
    page.on("console", (message) => {
      const fault = faultOf(message);
      if (fault !== undefined) faults.push(fault);
    });
    page.on("pageerror", (error) => void faults.push(String(error)));
    await before?.(page);
    await page.goto(`${origin}${path}`);
    return { page, faults };
  };
}
