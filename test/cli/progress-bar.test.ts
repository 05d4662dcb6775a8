import { expect, it } from "vitest";
import { createProgressBar } from "../../cli/progress-bar.js";

function written(isTTY: boolean, total: number, steps: readonly number[]): string {
  let text = "";
  const stream = { isTTY, write: (part: string) => ((text += part), true) } as unknown as NodeJS.WriteStream;
  const bar = createProgressBar(stream, "Reports", total);
  for (const step of steps) bar.to(step);
  bar.close();
  return text;
}

it("on a terminal it is one line that is drawn again", () => {
  const drawn = written(true, 4_000, [0, 1_000, 4_000]).split("\r\u001b[2K").slice(1);
  expect(drawn).toEqual([
    `Reports  ${"░".repeat(30)}  0 of 4,000  0 %`,
    `Reports  ${"█".repeat(8)}${"░".repeat(22)}  1,000 of 4,000  25 %`,
    `Reports  ${"█".repeat(30)}  4,000 of 4,000  100 %\n`,
  ]);
});

it("elsewhere it is a line for each tenth at most", () => {
  expect(written(false, 1_000, [0, 50, 100, 150, 900, 1_000])).toBe(
    "Reports  100 of 1,000  10 %\nReports  900 of 1,000  90 %\nReports  1,000 of 1,000  100 %\n",
  );
});

it("of nothing all is done", () => expect(written(false, 0, [0])).toBe("Reports  0 of 0  100 %\n"));
