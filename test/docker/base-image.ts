/** A small Debian as a local image, made on the spot: tests need no registry for it. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const SUITE = "bookworm";
const PACKAGES = ["clamav-daemon"];
/** What nothing in a container needs. */
const LEFT_OUT = ["./var/cache/apt", "./var/lib/apt/lists", "./usr/share/doc", "./usr/share/man", "./usr/share/locale"];
const BUILD_LIMIT_MS = 600_000;

/** Whether this machine has a Docker Engine. Where it has none the tests of containers are skipped, but never in CI. */
export const hasDocker = process.env["CI"] !== undefined || (await answers());

async function answers(): Promise<boolean> {
  try {
    await docker("info");
    return true;
  } catch {
    return false;
  }
}

/** Runs Docker's own client; its output. */
export async function docker(...words: string[]): Promise<string> {
  return (await execute("docker", words, { maxBuffer: 64 * 1024 ** 2 })).stdout.trim();
}

/** This machine's address on Docker's own bridge. Docker 20.10 tells it from its second start on; it is the network's first. */
export async function bridgeAddress(): Promise<string> {
  const config = await docker("network", "inspect", "--format", "{{json (index .IPAM.Config 0)}}", "bridge");
  const { Gateway, Subnet } = JSON.parse(config) as { Gateway?: string; Subnet: string };
  return Gateway ?? Subnet.replace(/0\/\d+$/, "1");
}

/** The base image's name; built if this machine does not have it. Test files at the same time build it once. */
export async function baseImage(): Promise<string> {
  const recipe = createHash("sha256")
    .update(JSON.stringify([SUITE, PACKAGES, LEFT_OUT]))
    .digest("hex")
    .slice(0, 12);
  const tag = `scanmesh-test/base:${recipe}`;
  await buildOnce(
    tag,
    () => hasImage(tag),
    () => build(tag),
  );
  return tag;
}

/** Builds an image unless it is there. Test files at the same time build it once: to build it again would change its id. */
export async function buildOnce(tag: string, isThere: () => Promise<boolean>, make: () => Promise<void>): Promise<void> {
  const lock = join(tmpdir(), `scanmesh-test-${tag.replaceAll(/[^\w.]/g, "-")}.lock`);
  for (const deadline = Date.now() + BUILD_LIMIT_MS; Date.now() < deadline; await pause(200)) {
    if (await isThere()) return;
    if (!(await take(lock))) continue;
    try {
      // Another may have built it between the two looks.
      if (!(await isThere())) await make();
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  throw new Error(`the image ${tag} is not there after ${BUILD_LIMIT_MS / 1000} s (if nobody builds it, remove ${lock})`);
}

async function hasImage(tag: string): Promise<boolean> {
  return (await docker("image", "ls", "--quiet", tag)) !== "";
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function build(tag: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "scanmesh-test-base-"));
  try {
    await execute("debootstrap", ["--variant=minbase", `--include=${PACKAGES.join(",")}`, SUITE, root], {
      maxBuffer: 64 * 1024 ** 2,
    });
    const leftOut = LEFT_OUT.map((path) => `--exclude=${path}`);
    const script = 'root=$1 tag=$2; shift 2; tar -C "$root" "$@" -c . | docker import - "$tag"';
    await execute("sh", ["-c", script, "sh", root, tag, ...leftOut]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
