import fs, { type ReadStream } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Unavailable } from "../../../../scanner-agent/contract.js";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { startBusStage, type BusStage } from "../../stage/bus-stage.js";
import { containerAgent, engineManifest, healthy, type ContainerAgent } from "../../stage/container-stage.js";
import { CLEAN, EICAR } from "../../eicar.js";
import { containerCase } from "./case.js";

/** How many of the next reads of a sample end in the middle, as on a broken disk. */
let broken = 0;

const { createReadStream } = fs;

beforeAll(() => {
  vi.spyOn(fs, "createReadStream").mockImplementation((...words) => {
    const source = createReadStream(...words);
    if (broken === 0) return source;
    broken -= 1;
    return Readable.from(halfOf(source)) as ReadStream;
  });
  // Modules that import it by name see it too.
  syncBuiltinESMExports();
});
afterAll(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function* halfOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const part of source) {
    yield part.subarray(0, part.length / 2);
    throw new Error("EIO: i/o error, read");
  }
}

let stage: BusStage;
let image: string;
let agent: ContainerAgent | undefined;

beforeAll(async () => {
  if (hasDocker) [stage, image] = await Promise.all([startBusStage(), baseImage()]);
});
afterEach(() => agent?.stop());
afterAll(() => stage?.stop());

const SCANNER = ["sh", "-c", "if grep -q EICAR-; then printf 'stream: Eicar FOUND\\0'; else printf 'stream: OK\\0'; fi"];

test.skipIf(!hasDocker)("what a container was given of a sample that cannot be read is not judged", async () => {
  const here = await containerCase();
  const runner = here.runner({ image, mode: "exec", stdin: SCANNER, spares: 0 });
  await runner.start();
  broken = 1;
  await expect(here.scan(runner, CLEAN)).rejects.toThrow(new Unavailable("cannot read the sample: EIO: i/o error, read"));
  expect(await here.scan(runner, CLEAN)).toMatchObject({ stdout: "stream: OK\0" });
  await here.stop();
});

describe.skipIf(!hasDocker)("a sample on standard input that cannot be read to its end", () => {
  test.each([
    ["INFECTED", Buffer.concat([Buffer.alloc(50_000, "x"), EICAR])],
    ["CLEAN", Buffer.concat([CLEAN, Buffer.alloc(50_000, "x")])],
  ])("is handed back, not judged by its beginning; read again it is %s", async (verdict, bytes) => {
    const name = `Unread-${verdict}`;
    agent = await containerAgent(stage, [engineManifest(name, { image, mode: "exec", stdin: SCANNER })], {
      SCANMESH_RETEST: "500ms",
    });
    await healthy(agent, name);
    broken = 1;
    expect(await agent.scan(name, bytes)).toMatchObject({ state: "DONE", verdict });
    expect(broken).toBe(0);
    const said = stage.results.filter(({ engine }) => engine === name.toLowerCase()).map(({ result }) => result.state);
    expect(said.filter((state) => state !== "SCANNING")).toEqual(["DONE"]);
  });
});
