import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Client } from "../../cli/client.js";
import type { Report } from "../../cli/report.js";
import { scanFiles } from "../../cli/scan-files.js";
import { createPlainView } from "../../cli/view.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

it("a scan that nothing comes of is looked at again, and says once why an engine works nowhere", async () => {
  const lines: string[] = [];
  const open = (fault: string | null) =>
    ({
      scanId: 7,
      total: 1,
      endDate: null,
      deadline: "2026-07-01T10:00:00Z",
      results: [{ engine: "ClamAV", state: "QUEUED", fault }],
    }) as unknown as Report;
  const interrupt = new AbortController();
  const reads = vi
    .fn<Client["read"]>()
    .mockResolvedValueOnce(open(null))
    .mockRejectedValueOnce(new Error("away"))
    .mockResolvedValue(open("clamd is gone\u001b"));
  const client: Client = {
    url: "",
    upload: () => Promise.resolve("upload"),
    submit: () => Promise.resolve(open(null)),
    read: reads,
    async *watch(_, signal) {
      yield open(null);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    check: () => Promise.resolve(),
  };
  const file = { file: "a", name: "a" } as never;
  const view = createPlainView((line) => void lines.push(line));
  const scanning = scanFiles(client, [file], {} as never, view, interrupt.signal);
  await vi.waitFor(() => expect(lines).toEqual(["a: scan 7, 1 engine"]));
  for (let i = 1; i <= 4; i++) {
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    vi.advanceTimersByTime(5_000);
    await vi.waitFor(() => expect(reads).toHaveBeenCalledTimes(i));
  }
  interrupt.abort();
  await scanning;
  expect(lines.map((line) => line.replace(/ until .* at the latest$/, ""))).toEqual([
    "a: scan 7, 1 engine",
    "a: waits for ClamAV",
    "a: waits for ClamAV (it works on no agent that has it: clamd is gone<U+001B>)",
  ]);
});
