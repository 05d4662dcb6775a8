import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { withinTime } from "../../../gateway/http/body-time.js";

it("a body that comes in time is passed on", async () => {
  expect(await text(withinTime(Readable.from(["a", "b"]), 60_000))).toBe("ab");
});

it("a body that does not end in time fails, whatever has come of it", async () => {
  const body = new PassThrough();
  body.write("a");
  await expect(text(withinTime(body, 20))).rejects.toMatchObject({ code: "UPLOAD_TIMEOUT", status: 408 });
});

it("a body that fails once nobody reads it any more ends nothing", async () => {
  const body = new PassThrough();
  const limited = withinTime(body, 60_000);
  limited.destroy();
  await once(limited, "close");
  expect(() => body.emit("error", new Error("aborted"))).not.toThrow();
});

it("a body that is cut off fails", async () => {
  const body = new PassThrough();
  const limited = withinTime(body, 60_000);
  body.destroy();
  await expect(text(limited)).rejects.toMatchObject({ code: "BAD_INPUT" });
});
