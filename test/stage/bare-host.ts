/** A host of its own on this machine: other processes, mounts, users, name and network. Of this machine it sees /usr, without some programs. */

import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, connect as connectTcp, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { until } from "./stage.js";

/** What a command on the host has said, and how it has ended. */
export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

export interface BareHost {
  readonly name: string;
  /** The address of this machine, as the host sees it. */
  readonly gateway: string;
  /** Its own address, as this machine sees it. */
  readonly address: string;
  /** Runs a line in a shell there, as root. */
  run(line: string): Promise<Ran>;
  /** Starts a line that goes on. */
  start(line: string): ChildProcess;
  /** Makes a port of this machine's loopback one of {@link gateway}; `onBytes` sees what crosses it. */
  publish(port: number, onBytes?: (bytes: Buffer) => void): Promise<number>;
  remove(): Promise<void>;
}

/** Programs that it does not have: Node and Docker are to come with the agent. */
const HIDDEN = ["node", "npm", "npx", "docker", "podman", "nats-server"];

/** Enters a root of its own, and stays until it is ended; what runs on the host then ends with it. */
const BOOT = `set -e
root=$1 name=$2 system=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 bare "$root"
cd "$root"
mkdir usr etc proc dev tmp run root sys old mnt var var/lib var/tmp home
chmod 1777 tmp var/tmp
for folder in bin sbin lib lib32 lib64 libx32; do if [ -L "/$folder" ]; then cp -P "/$folder" .; fi; done
mount --rbind /usr usr
cp -rP /etc/alternatives /etc/ld.so.cache /etc/login.defs etc 2>/dev/null || :
mkdir -p etc/pki etc/ssl
if [ -d /etc/ssl ]; then cp -rL /etc/ssl/certs etc/ssl 2>/dev/null || :; fi
printf 'root:x:0:0::/root:/bin/sh\\n' >etc/passwd
printf 'root:x:0:\\n' >etc/group
printf 'root:*:::::::\\n' >etc/shadow
printf '127.0.0.1 localhost %s\\n' "$name" >etc/hosts
mount -t proc proc proc
mount --rbind /dev dev
if [ -n "$system" ]; then
  mount --rbind /sys sys
  ln -s /run var/run
fi
mount -t tmpfs -o mode=1777 shm dev/shm 2>/dev/null || :
for program; do
  for found in usr/bin/$program usr/local/bin/$program usr/sbin/$program usr/local/sbin/$program; do
    if [ -e "$found" ]; then mount --bind /dev/null "$found"; fi
  done
done
hostname "$name"
ip link set lo up
pivot_root . old
umount -l /old
cd /
exec 0<&- sleep infinity`;

let networks = 0;

/** Starts a host; needs root. With `docker` it has what runs containers, and a daemon of its own can be started on it. */
export async function startBareHost({ docker = false }: { docker?: boolean } = {}): Promise<BareHost> {
  const id = randomBytes(3).toString("hex");
  const [name, root] = [`bare-${id}`, mkdtempSync(join(tmpdir(), "scanmesh-bare-"))];
  const [outside, inside] = [`smo${id}`, `smi${id}`];
  const net = `10.${200 + (process.pid % 50)}.${(process.pid >> 3) % 250}`;
  const first = 4 * networks++;
  const [gateway, address] = [`${net}.${first + 1}`, `${net}.${first + 2}`];
  const servers: Server[] = [];

  const words = [
    "--net",
    "--mount",
    "--pid",
    "--uts",
    "--ipc",
    "--fork",
    "--kill-child",
    "--",
    "sh",
    "-c",
    BOOT,
    "sh",
    root,
    name,
    docker ? "yes" : "",
  ];
  const unshare = spawn("unshare", [...words, ...HIDDEN.filter((one) => one !== "docker" || !docker)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = text(unshare.stderr);
  const ended = once(unshare, "exit");
  const init = await initOf(unshare, said);
  await must("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", String(init));
  await must("ip", "address", "add", `${gateway}/30`, "dev", outside);
  await must("ip", "link", "set", outside, "up");
  const enter = ["--target", String(init), "--net", "--mount", "--pid", "--uts", "--ipc"];
  await must("nsenter", ...enter, "ip", "address", "add", `${address}/30`, "dev", inside);
  await must("nsenter", ...enter, "ip", "link", "set", inside, "up");

  const start = (line: string) =>
    spawn(
      "nsenter",
      [...enter, "--root", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "sh", "-c", `cd / && ${line}`],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  return {
    name,
    gateway,
    address,
    start,
    async run(line) {
      const child = start(line);
      const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
      return { status: status as number | null, output: output + errors };
    },
    async publish(port, onBytes) {
      const server = createServer((client) => {
        const upstream = connectTcp(port, "127.0.0.1");
        for (const [from, to] of [
          [client, upstream],
          [upstream, client],
        ] as const) {
          if (onBytes) from.on("data", onBytes);
          from.pipe(to);
          from.on("error", () => to.destroy());
          from.on("close", () => to.destroy());
        }
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, gateway, resolve));
      return (server.address() as AddressInfo).port;
    },
    async remove() {
      unshare.kill("SIGKILL");
      await ended;
      for (const server of servers) server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The host's first process, once it has its own root. */
async function initOf(unshare: ChildProcess, said: Promise<string>): Promise<number> {
  return until("the host has started", async () => {
    const { pid, exitCode } = unshare;
    if (exitCode !== null) throw new Error(`the host has not started: ${await said}`);
    const child = read(`/proc/${pid}/task/${pid}/children`).trim();
    return child !== "" && read(`/proc/${child}/comm`) === "sleep\n" ? Number(child) : undefined;
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

async function must(program: string, ...words: string[]): Promise<void> {
  const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(`${program} ${words.join(" ")}: ${said}`);
}
