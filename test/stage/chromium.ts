/** This machine's Chromium. */

import { chromium, type Browser } from "playwright-core";
import { findProgram } from "../../standalone/programs.mjs";

/** Undefined where it is not installed. */
export const CHROMIUM = findProgram("chromium");

/** How long a page is waited for: it ends what hangs, and measures nothing. */
export const PATIENCE_MS = 120_000;

export function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("chromium is not installed");
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}
