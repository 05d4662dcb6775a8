import type Docker from "dockerode";
import type { DockerDaemon } from "../runners/container/docker.js";
import { removeContainer } from "../runners/container/resources.js";
import { within } from "../within.js";

/** Longest time that a timer can have: a name that waits to be accepted may wait for days. */
const FOREVER_MS = 2 ** 31 - 1;

/** Runs a container to its end, with its output on this process's standard error, and removes it; its exit status. */
export async function runOnce(
  daemon: DockerDaemon,
  options: Docker.ContainerCreateOptions,
  signal: AbortSignal,
): Promise<number> {
  const container = await daemon.ask("create a container", (docker) => docker.createContainer(options));
  try {
    return await within(FOREVER_MS, run(daemon, container), signal);
  } finally {
    await removeContainer(daemon, container.id);
  }
}

async function run(daemon: DockerDaemon, container: Docker.Container): Promise<number> {
  const output = await daemon.ask("show a container's output", () =>
    container.attach({ stream: true, stdout: true, stderr: true }),
  );
  const shown = new Promise((resolve) => output.once("end", resolve).once("close", resolve));
  await daemon.ask("read a container's output", async (docker) =>
    (docker.modem as { demuxStream(from: object, out: object, err: object): void }).demuxStream(
      output,
      process.stderr,
      process.stderr,
    ),
  );
  await daemon.ask("start a container", () => container.start());
  const { StatusCode } = await daemon.ask(
    "wait for a container",
    () => container.wait() as Promise<{ StatusCode: number }>,
    FOREVER_MS,
  );
  await shown;
  return StatusCode;
}
