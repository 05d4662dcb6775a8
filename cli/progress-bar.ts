import { readTerminalConfig } from "./config.js";

/** How far a long task is: a bar on a terminal, a line every tenth elsewhere. */
export interface ProgressBar {
  to(done: number): void;
  /** Ends the bar's line, so that other lines can follow. */
  close(): void;
}

const WIDTH = 30;

export function createProgressBar(stream: NodeJS.WriteStream, label: string, total: number): ProgressBar {
  const share = (done: number) => (total === 0 ? 1 : Math.min(1, done / total));
  const figures = (done: number) =>
    `${done.toLocaleString("en")} of ${total.toLocaleString("en")}  ${Math.floor(share(done) * 100)} %`;
  if (stream.isTTY && readTerminalConfig().canRedraw) {
    return {
      to(done) {
        const filled = Math.round(share(done) * WIDTH);
        stream.write(`\r\x1b[2K${label}  ${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}  ${figures(done)}`);
      },
      close: () => void stream.write("\n"),
    };
  }
  let shown = 0;
  return {
    to(done) {
      const tenth = Math.floor(share(done) * 10);
      if (tenth > shown) stream.write(`${label}  ${figures(done)}\n`);
      shown = tenth;
    },
    close: () => {},
  };
}
