/** This machine's Chromium. */

import { chromium, type Browser, type ConsoleMessage } from "playwright-core";
import { findProgram } from "../../standalone/programs.mjs";

/** Undefined where it is not installed. */
export const CHROMIUM = findProgram("chromium");

/** How long a page is waited for: it ends what hangs, and measures nothing. */
export const PATIENCE_MS = 120_000;

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
/** Few processes and no emulated graphics card: a page takes a third less of the processor. */
const FRUGAL = ["--disable-software-rasterizer", "--in-process-gpu", "--no-zygote", "--disable-site-isolation-trials"];

export function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("chromium is not installed");
  return chromium.launch({ executablePath: CHROMIUM, args: [...QUIET, ...FRUGAL] });
}

/**
 * What a page says that went wrong, if it did. When another test gives this machine an address or takes one away, Chromium breaks off
 * what it loads and says so; the page loads it again.
 */
export function faultOf(message: ConsoleMessage): string | undefined {
  const isFault = message.type() === "error" && !message.text().includes("net::ERR_NETWORK_CHANGED");
  return isFault ? message.text() : undefined;
}
