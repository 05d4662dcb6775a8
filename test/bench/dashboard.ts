/** The dashboard in a browser, and a mesh whose engines answer so many results a second. */

import type { Browser, CDPSession, Page } from "playwright-core";
import { CHROMIUM, launchChromium } from "../stage/chromium.js";
import { formOf } from "./api.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { Missing } from "./options.js";

const ENGINES = 20;
const RESULTS_PER_SECOND = 500;
/** As slow as the machine of somebody who only has an old one. */
const SLOWED = 4;
const PATIENCE_MS = 60_000;

export interface DashboardBench {
  readonly mesh: BenchMesh;
  /** A page of a browser profile of its own, with nothing loaded in it. */
  open(options?: { slowed?: boolean }): Promise<{ page: Page; cdp: CDPSession; close(): Promise<void> }>;
  stop(): Promise<void>;
}

export async function startDashboardBench(): Promise<DashboardBench> {
  if (CHROMIUM === undefined) throw new Missing("The benchmarks of the dashboard need chromium, which is not installed");
  const mesh = await startMesh({ own: "null", setting: 0, copies: ENGINES }, Buffer.from("first"));
  let browser: Browser | undefined;
  const stop = async () => {
    await browser?.close();
    await mesh.stop();
  };
  try {
    const started = (browser = await launchChromium(CHROMIUM));
    return {
      mesh,
      stop,
      async open({ slowed = false } = {}) {
        const context = await started.newContext();
        context.setDefaultTimeout(PATIENCE_MS);
        const page = await context.newPage();
        const cdp = await context.newCDPSession(page);
        if (slowed) await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
        return { page, cdp, close: () => context.close() };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Submits scans until it is stopped, so that so many results arrive a second; `stop` says how many did. */
export function startResults({ api }: BenchMesh): { stop(): Promise<number> } {
  const form = formOf(Buffer.from("one of many"), "one-of-many.bin");
  const begun = performance.now();
  const sent: Promise<unknown>[] = [];
  const send = () => {
    const due = ((performance.now() - begun) / 1_000) * (RESULTS_PER_SECOND / ENGINES);
    while (sent.length < due) sent.push(api.submit(form));
  };
  const timer = setInterval(send, 10);
  return {
    async stop() {
      clearInterval(timer);
      const seconds = (performance.now() - begun) / 1_000;
      await Promise.all(sent);
      return (sent.length * ENGINES) / seconds;
    },
  };
}
