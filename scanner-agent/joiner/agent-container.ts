import type Docker from "dockerode";

/** Where the agent of a host is, and how it runs. */
export interface AgentPlace {
  readonly name: string;
  /** The image's id. */
  readonly image: string;
  /** The host's name, which the agent takes for its own. */
  readonly host: string;
  /** The Docker socket on the host. */
  readonly socket: string;
  /** Settings that were given, as `NAME=value`. */
  readonly settings: readonly string[];
}

/** The folder that engines read. Its path is the same inside and outside, because the Docker daemon reads it too. */
const SHARED = "/var/lib/scanmesh/agent";
/** Where the socket is in the joiner and in the agent. */
export const SOCKET = "/var/run/docker.sock";
/** The label by which the script that a gateway gives finds the gateway again. */
export const GATEWAY_LABEL = "scanmesh.gateway";
/** How long a stopped agent has to finish or hand back its work. */
export const STOP_SECONDS = 45;
const SECOND_NS = 1e9;

/** Where the agent's key and the samples that it scans are. */
export function folderOf(name: string): string {
  return `/var/lib/scanmesh/${name.replace(/^scanmesh-/, "")}-joined`;
}

/** A container that does one thing and ends, with the rights of the agent's own. */
export function onceOptions(place: AgentPlace, words: readonly string[]): Docker.ContainerCreateOptions {
  const { name, image, host, socket, settings } = place;
  const folder = folderOf(name);
  return {
    Image: image,
    Hostname: host,
    User: "0:0",
    Cmd: [...words],
    Env: [
      ...settings,
      `SCANMESH_IDENTITY=${folder}/identity`,
      `SCANMESH_SPOOL=${folder}/spool`,
      `SCANMESH_BUNDLES=${folder}/bundles`,
    ],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Binds: [`${SHARED}:${SHARED}:ro`, `${folder}:${folder}`, `${socket}:${SOCKET}`],
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    },
  };
}

/** The container of the agent itself. */
export function agentOptions(place: AgentPlace, gateway: string): Docker.ContainerCreateOptions {
  const once = onceOptions(place, []);
  return {
    ...once,
    name: place.name,
    Labels: { [GATEWAY_LABEL]: gateway },
    StopTimeout: STOP_SECONDS,
    Healthcheck: {
      Test: ["CMD", "node", "deploy/agent-health.mjs"],
      Interval: 2 * SECOND_NS,
      Timeout: 5 * SECOND_NS,
      Retries: 10,
    },
    HostConfig: { ...once.HostConfig, RestartPolicy: { Name: "unless-stopped" } },
  };
}

/** Removes the agent's folder, which no container that has it mounted can. */
export function removalOptions({ name, image }: AgentPlace): Docker.ContainerCreateOptions {
  return {
    Image: image,
    User: "0:0",
    Entrypoint: ["rm", "-rf", "--", folderOf(name)],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: { NetworkMode: "none", ReadonlyRootfs: true, CapDrop: ["ALL"], Binds: ["/var/lib/scanmesh:/var/lib/scanmesh"] },
  };
}
