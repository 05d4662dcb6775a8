/** A bare host with a Docker daemon of its own, which has no image yet. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startBareHost, type BareHost } from "../stage/bare-host.js";
import { until } from "../stage/stage.js";

export async function startDockerHost(): Promise<BareHost> {
  const host = await startBareHost({ docker: true });
  // Its containers speak to this machine from addresses of their own.
  const containers = `10.${150 + (process.pid % 50)}.${(process.pid >> 3) % 250}`;
  await promisify(execFile)("ip", ["route", "add", `${containers}.0/24`, "via", host.address]);
  const options = ["--data-root=/run/docker-data", "--iptables=false", `--bip=${containers}.1/24`];
  const data = "mkdir /run/docker-data && mount -t tmpfs -o size=4g docker /run/docker-data";
  const daemon = host.start(`${data} && exec dockerd ${options.join(" ")} >/run/dockerd.log 2>&1`);
  await until("its daemon answers", async () => {
    if (daemon.exitCode !== null) throw new Error((await host.run("tail -n 5 /run/dockerd.log")).output);
    return (await host.run("docker version")).status === 0;
  });
  return {
    ...host,
    async remove() {
      // Otherwise what the kernel counts of its containers stays.
      await host.run("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force");
      await host.remove();
    },
  };
}
