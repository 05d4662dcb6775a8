/** The settings of the daemon that runs engines in containers. */

import { z } from "zod";
import { anyText, folderPath, type Values } from "../../../schema/settings.js";

/** An address as Docker's own client takes it; but not over SSH, since the client library believes every host's key. */
const dockerHost = z
  .string()
  .regex(/^(unix:\/\/\/|(tcp|https?|ssh):\/\/)[^\s]+$/, "needs an address such as unix:///run/docker.sock or tcp://host:2376")
  .refine(
    (address) => !address.startsWith("ssh:"),
    "ssh:// is not taken: forward the socket (ssh -N -L /run/far.sock:/var/run/docker.sock HOST) and name unix:///run/far.sock",
  )
  .describe("address");

export const dockerSettings = {
  DOCKER_HOST: {
    type: dockerHost,
    shown: "`unix:///var/run/docker.sock`",
    example: "unix:///run/user/1000/podman/podman.sock",
    about: "The Docker or Podman daemon that runs engines in containers.",
  },
  DOCKER_TLS_VERIFY: {
    type: anyText.describe("any text"),
    example: "1",
    about: "If set, the agent speaks TLS to the daemon. `DOCKER_CERT_PATH` does the same.",
  },
  DOCKER_CERT_PATH: {
    type: folderPath,
    example: "/etc/scanmesh/docker",
    about: "Folder with `ca.pem`, `cert.pem` and `key.pem` for the daemon.",
  },
} as const;

/** How the Docker or Podman daemon is reached. */
export interface DockerAddress {
  /** Undefined: the local daemon's socket. */
  readonly host: string | undefined;
  /** A folder with ca.pem, cert.pem and key.pem, for TLS. */
  readonly certificates: string | undefined;
  readonly tls: boolean;
}

export function readDockerAddress(values: Values<typeof dockerSettings>): DockerAddress {
  return {
    host: values.DOCKER_HOST,
    certificates: values.DOCKER_CERT_PATH,
    tls: values.DOCKER_TLS_VERIFY !== undefined || values.DOCKER_CERT_PATH !== undefined,
  };
}
