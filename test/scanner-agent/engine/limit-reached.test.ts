import { expect, test } from "vitest";
import { done, notDone, type RawOutput } from "../../../scanner-agent/contract.js";
import { nameLimit } from "../../../scanner-agent/engine/limit-reached.js";

const limit = "it seems to have reached its limit of 64 open files (limits.files)";
const raw: RawOutput = { exitCode: 1, stdout: "", stderr: "", limit };

test("a failure begins with the limit that was reached", () => {
  const failed = notDone("FAILED", "ENGINE_ERROR", "exit status 1: Node.js v20");
  expect(nameLimit(failed, raw)).toEqual({ ...failed, error: `${limit}: exit status 1: Node.js v20` });
});

test("a detection, and a run that reached none, stay as they are", () => {
  const found = done("INFECTED", "Eicar", null);
  expect(nameLimit(found, raw)).toEqual(found);
  const failed = notDone("FAILED", "ENGINE_ERROR", "exit status 1");
  expect(nameLimit(failed, { exitCode: 1, stdout: "", stderr: "" })).toEqual(failed);
});
