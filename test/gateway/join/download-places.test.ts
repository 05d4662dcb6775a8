import { closeSync, ftruncateSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it, onTestFinished, vi } from "vitest";
import { createDownloadPlaces, type DownloadStream } from "../../../gateway/join/download-places.js";
import { prepared, useStage } from "../../stage/use-stage.js";

const IMAGE_BYTES = 64 * 1024 ** 2;

const stage = useStage();
const gateway = prepared(async () => {
  const image = join(stage.folder, "agent.tar");
  const file = openSync(image, "w");
  ftruncateSync(file, IMAGE_BYTES);
  closeSync(file);
  return stage.gateway({ SCANMESH_AGENT_IMAGE_FILE: image });
});

/** Asks for the image and reads nothing of it but the status. */
async function reader(localAddress: string): Promise<{ socket: Socket; status: string }> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.write(`GET /join/image-linux-${process.arch}.tar HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
  const [first] = (await new Promise<Buffer[]>((resolve) => socket.once("data", (bytes: Buffer) => resolve([bytes])))) as [
    Buffer,
  ];
  socket.pause();
  return { socket, status: first.toString("latin1").slice(9, 12) };
}

it("hosts of one address that read nothing keep nobody else out", async () => {
  const statuses: string[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await reader("127.0.0.2")).status);
  expect(statuses).toEqual(["200", "200", "200", "200"]);
  // It is asked to come again, or takes the place of one that was found to be slow by then.
  await reader("127.0.0.2");
  const response = await fetch(`${gateway.url}/join/image-linux-${process.arch}.tar`);
  expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, IMAGE_BYTES]);
});

/** A download of which the test decides how much was read. */
function download() {
  const stream = new PassThrough().on("error", () => undefined);
  return Object.assign(stream, { bytesRead: 0 }) as PassThrough & DownloadStream & { bytesRead: number };
}

it("whoever reads slowly gives way to whoever comes, and nobody else", () => {
  vi.useFakeTimers();
  const places = createDownloadPlaces({ most: 3, perAddress: 2, leastBytes: 100, lookMs: 10_000, longestMs: 25_000 });
  const [quick, other, slow, last] = [download(), download(), download(), download()];
  places.take("a", quick);
  places.take("a", other);
  expect(() => places.take("a", download()), "all of them are new").toThrow("2 hosts are fetching the agent now");
  places.take("b", slow);
  for (const one of [quick, other]) one.bytesRead += 1_000;
  expect(() => places.take("c", download())).toThrow("3 hosts are fetching the agent now");
  vi.advanceTimersByTime(10_000);
  expect(() => places.take("a", download()), "the slow one has another address").toThrow("2 hosts");
  places.take("c", last);
  expect([quick, other, slow, last].map(({ destroyed }) => destroyed)).toEqual([false, false, true, false]);
  for (const one of [quick, other]) one.bytesRead += 1_000;
  quick.emit("close");
  places.take("a", download());
  vi.advanceTimersByTime(15_000);
  expect(
    [other, last].map(({ destroyed }) => destroyed),
    "it has taken too long",
  ).toEqual([true, false]);
});
