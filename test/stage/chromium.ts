/** This machine's Chromium. */

import { chromium, type Browser } from "playwright-core";
import { findProgram } from "../../standalone/programs.mjs";

/** Undefined where it is not installed. */
export const CHROMIUM = findProgram("chromium");

export function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("chromium is not installed");
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}
