/** This machine's Chromium: without windows, which takes less than half of the processor, or the whole of it. */

import { chromium, type Browser, type ConsoleMessage } from "playwright-core";
import { findProgram } from "../../standalone/programs.mjs";

/** With windows, as people have it. Undefined where it is not installed. */
export const CHROMIUM = findProgram("chromium");

/** For tests. */
export const HEADLESS = findProgram("chromium-headless-shell") ?? CHROMIUM;

/** How long a page is waited for: it ends what hangs, and measures nothing. */
export const PATIENCE_MS = 120_000;

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
/** Whatever a page asks for, nothing but this machine is found. */
const ALONE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"];
/** Few processes and no emulated graphics card: a page takes a third less of the processor. */
const FRUGAL = ["--disable-software-rasterizer", "--in-process-gpu", "--no-zygote", "--disable-site-isolation-trials"];

/** A browser of its own; to be closed. */
export function launchChromium(executablePath = HEADLESS): Promise<Browser> {
  if (executablePath === undefined) throw new Error("chromium is not installed");
  return chromium.launch({ executablePath, args: [...QUIET, ...ALONE, ...FRUGAL] });
}

let shared: Promise<Browser> | undefined;

/** The browser of all test files of this process, with which it ends. */
export async function sharedChromium(): Promise<Browser> {
  if (shared !== undefined && (await shared).isConnected()) return shared;
  return (shared = launchChromium());
}

/**
 * What a page says that went wrong, if it did. When another test gives this machine an address or takes one away, Chromium breaks off
 * what it loads and says so; the page loads it again.
 */
export function faultOf(message: ConsoleMessage): string | undefined {
  const isFault = message.type() === "error" && !message.text().includes("net::ERR_NETWORK_CHANGED");
  return isFault ? message.text() : undefined;
}
