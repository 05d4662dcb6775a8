import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../../schema/paths.js";
import { docker, hasDocker } from "../docker/base-image.js";
import { REGISTRY } from "../docker/images.js";
import { until } from "../stage/stage.js";
import { BUILD_MS } from "./project.js";
import { makeStandIns } from "./stand-ins.js";

interface Service {
  readonly image: string;
  readonly healthcheck: { readonly test: readonly [string, string] };
}

describe.runIf(hasDocker)("with a full disk", () => {
  const id = randomBytes(4).toString("hex");
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-disks-"));
    await chmod(folder, 0o755);
    await writeFile(join(folder, "password"), "secret", { mode: 0o444 });
    await makeStandIns();
  }, BUILD_MS);
  afterAll(async () => {
    await docker("rm", "--force", "--volumes", `scanmesh-test-nats-${id}`, `scanmesh-test-postgres-${id}`);
    await rm(folder, { recursive: true, force: true });
  });

  /** How each is started with a small disk in memory. */
  const PARTS = {
    nats: {
      disk: "/data",
      words: ["--user", "10001:10001", "--entrypoint", "nats-server"],
      command: ["-m", "8222", "-js", "-sd", "/data/store"],
    },
    postgres: {
      disk: "/var/lib/postgresql/data",
      words: [
        "-e",
        "POSTGRES_USER=scanmesh",
        "-e",
        "POSTGRES_DB=scanmesh",
        "-e",
        "POSTGRES_PASSWORD_FILE=/run/scanmesh/password",
      ],
      command: ["postgres"],
    },
  } as const;

  test.each(["nats", "postgres"] as const)("the health check of %s fails as long as its disk is full", async (name) => {
    const { services } = parse(await readFile(projectPath("docker-compose.yml"), "utf8"), { merge: true }) as {
      services: Record<string, Service>;
    };
    const { image = "", healthcheck } = services[name] ?? {};
    const tag = /\}([^@]+)/.exec(image)?.[1] ?? "";
    const container = `scanmesh-test-${name}-${id}`;
    const { disk, words, command } = PARTS[name];
    const mounts = ["--tmpfs", `${disk}:size=150m,mode=1777`, "--volume", `${folder}:/run/scanmesh:ro`];
    await docker("run", "--detach", "--name", container, ...mounts, ...words, `${REGISTRY}${tag}`, ...command);
    const [, check = ""] = healthcheck?.test ?? [];
    const isHealthy = () =>
      docker("exec", container, "sh", "-c", check).then(
        () => true,
        () => false,
      );
    await until("it is healthy", isHealthy);
    await docker("exec", "--user", "0", container, "sh", "-c", `cat /dev/zero > ${disk}/fills-it 2> /dev/null || :`);
    expect(await isHealthy()).toBe(false);
    await docker("exec", "--user", "0", container, "rm", `${disk}/fills-it`);
    await until("it is healthy again", isHealthy);
    expect(await docker("exec", container, "sh", "-c", `ls -A ${disk} | grep room || :`), "nothing is left").toBe("");
  });
});
