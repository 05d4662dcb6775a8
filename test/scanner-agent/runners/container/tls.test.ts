import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAgentConfig } from "../../../../scanner-agent/config.js";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { tlsDaemon, type TlsDaemon } from "../../../docker/tls-daemon.js";
import { containerCase } from "./case.js";

let daemon: TlsDaemon;
let image: string;

beforeAll(async () => {
  if (hasDocker) [daemon, image] = await Promise.all([tlsDaemon(), baseImage()]);
});
afterAll(() => daemon?.stop());

const run = () => ({ image, mode: "exec", command: ["sh", "-c", 'cat "$1"; echo told >&2', "sh", "{file}"], spares: 0 });

/** Why a runner does not start at the address that the settings give. */
async function refusal(settings: Record<string, string>): Promise<string> {
  const here = await containerCase({ docker: readAgentConfig(settings).docker });
  const reason = await here
    .runner(run())
    .start()
    .catch((error: Error) => error.message);
  await here.stop();
  return reason ?? "it starts";
}

describe.skipIf(!hasDocker)("a Docker daemon behind TLS", () => {
  test("runs engines for an agent with a certificate: calls, attached streams and events", async () => {
    const { docker } = readAgentConfig({ DOCKER_HOST: daemon.host, DOCKER_CERT_PATH: daemon.certificates });
    const here = await containerCase({ docker });
    const runner = here.runner(run());
    await runner.start();
    expect(await here.scan(runner, Buffer.from("over TLS"))).toEqual({ exitCode: 0, stdout: "over TLS", stderr: "told\n" });
    expect(daemon.connections()).toBeGreaterThan(0);
    await here.stop();
  });

  test("is said to be out of reach in one line, with the reason, if either does not believe the other", async () => {
    const DOCKER_HOST = daemon.host;
    const before = daemon.connections();
    const foreign = await refusal({ DOCKER_HOST, DOCKER_CERT_PATH: daemon.foreign });
    expect(foreign).toMatch(/^cannot reach Docker \(.*(self.signed certificate|unable to verify)/);
    const plain = await refusal({ DOCKER_HOST });
    expect(plain).toMatch(/^cannot reach Docker \(/);
    for (const reason of [foreign, plain]) expect(reason.split("\n")).toHaveLength(1);
    expect(daemon.connections()).toBe(before);
  });
});
