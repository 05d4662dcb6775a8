import { expect, test } from "vitest";
import { NO_VERSIONS, Unavailable } from "../../../scanner-agent/contract.js";
import { followDaemon, followVersions } from "../../../scanner-agent/runners/versions.js";
import { gate } from "../stage/puppet-engine.js";

const versions = (engine: string) => ({ ...NO_VERSIONS, engine });

/** A program on a disk, whose version is asked for. */
function program(state: string | null = "as it was installed") {
  const on = { state, version: "1", asked: 0 };
  const read = () => {
    on.asked += 1;
    return Promise.resolve(versions(on.version));
  };
  return { on, followed: followVersions({ state: () => Promise.resolve(on.state), read, image: null }) };
}

test("a version is asked for once, and again before the first run with what was changed", async () => {
  const { on, followed } = program();
  for (let run = 0; run < 3; run++) expect((await followed.current()).versions).toEqual(versions("1"));
  expect(on.asked).toBe(1);
  [on.version, on.state] = ["2", "as it was replaced"];
  expect((await followed.current()).versions).toEqual(versions("2"));
  expect(on.asked).toBe(2);
});

test("it is unknown if it was changed during the run, and stands if only something else was", async () => {
  const { on, followed } = program();
  const before = await followed.current();
  on.state = "rules were added";
  expect(await before.confirm?.()).toEqual(versions("1"));
  [on.version, on.state] = ["2", "as it was replaced"];
  expect(await before.confirm?.()).toEqual(NO_VERSIONS);
  const after = await followed.current();
  expect([after.versions, await after.confirm?.()]).toEqual([versions("2"), versions("2")]);
});

test("what was changed while it was asked for is asked for again", async () => {
  const { opened, open } = gate();
  const on = { state: "old", version: "1", isHeld: true };
  const read = async () => {
    const { version } = on;
    if (on.isHeld) await opened;
    return versions(version);
  };
  const followed = followVersions({ state: () => Promise.resolve(on.state), read, image: null });
  const asking = followed.current();
  await new Promise(setImmediate);
  [on.state, on.version, on.isHeld] = ["new", "2", false];
  open();
  expect((await asking).versions).toEqual(versions("1"));
  expect((await followed.current()).versions).toEqual(versions("2"));
});

test("where nothing tells that it was changed, only a look that asks in any case finds it", async () => {
  const { on, followed } = program(null);
  await followed.current();
  on.version = "2";
  expect((await followed.current()).versions).toEqual(versions("1"));
  expect((await followed.ask()).versions).toEqual(versions("2"));
  expect((await followed.current()).versions).toEqual(versions("2"));
});

test("a daemon that has loaded others during a sample is not believed to have answered with either", async () => {
  let now = versions("1");
  const followed = await followDaemon(() => Promise.resolve(now), null);
  const before = await followed.current();
  expect(await before.confirm?.()).toEqual(versions("1"));
  now = versions("2");
  expect(await before.confirm?.()).toEqual(NO_VERSIONS);
  const after = await followed.current();
  expect([after.versions, await after.confirm?.()]).toEqual([versions("2"), versions("2")]);
});

test("what does not answer is given up after a while, and asked again", async () => {
  const never = new Promise<never>(() => undefined);
  let isHung = true;
  const read = () => (isHung ? never : Promise.resolve(versions("1")));
  const followed = followVersions({ state: () => Promise.resolve("same"), read, image: null }, 20);
  await expect(followed.current()).rejects.toThrow(Unavailable);
  await expect(followed.ask()).rejects.toThrow("no answer within 0.02 s");
  isHung = false;
  const instance = await followed.current();
  expect(instance.versions).toEqual(versions("1"));

  const onHungDisk = followVersions({ state: () => never, read, image: null }, 20);
  await expect(onHungDisk.current()).rejects.toThrow(Unavailable);
});
