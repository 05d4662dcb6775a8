import { resolve } from "node:path";
import { z } from "zod";
import { projectPath } from "../../schema/paths.js";
import { filePath, folderPath, oneOf, webAddress, type Values } from "../../schema/settings.js";

const mirror = z
  .string()
  .refine(
    (value) => value.startsWith("/") || webAddress.safeParse(value).success,
    "needs an address such as https://mirror.example.org, or the absolute path of a folder",
  )
  .describe("address, or path of a folder");

/** Settings of an agent that fetches for the whole mesh. */
export const fetchSettings = {
  SCANMESH_FETCH: {
    type: oneOf(["on", "off"]),
    fallback: "off",
    example: "on",
    about: "With `on` this agent fetches updates for the whole mesh, at times that the gateways choose (docs/run/updates.md).",
  },
  SCANMESH_FETCH_DIR: {
    type: folderPath,
    shown: "`.scanmesh/fetcher` in the clone",
    example: "/var/lib/scanmesh/fetcher",
    about: "Folder of what a fetcher has fetched, and of what it remembers of mirrors that have refused it.",
  },
  SCANMESH_FETCH_PROXY: {
    type: webAddress,
    example: "http://proxy.example.org:3128",
    secret: true,
    about: "Proxy by which a fetcher reaches the internet, with `user:password@` if it wants that.",
  },
  SCANMESH_FETCH_CA: {
    type: filePath,
    shown: "those that Node and the system know",
    example: "/etc/scanmesh/proxy-ca.pem",
    about: "File (PEM) of the authorities that may have signed the certificates of mirrors and of that proxy.",
  },
  SCANMESH_CLAMAV_MIRROR: {
    type: mirror,
    shown: "ClamAV's own mirrors",
    example: "https://clamav.example.org",
    about: "Where a fetcher gets ClamAV's signatures: the address of a private mirror, or a folder that something else fills.",
  },
} as const;

/** How updates are fetched for the mesh. */
export interface FetchSettings {
  readonly isOn: boolean;
  readonly folder: string;
  readonly proxy: string | undefined;
  readonly authorityFile: string | undefined;
  /** An address, or the absolute path of a folder. */
  readonly clamavMirror: string | undefined;
}

export function toFetchSettings(values: Values<typeof fetchSettings>): FetchSettings {
  return {
    isOn: values.SCANMESH_FETCH === "on",
    folder: resolve(values.SCANMESH_FETCH_DIR ?? projectPath(".scanmesh", "fetcher")),
    proxy: values.SCANMESH_FETCH_PROXY,
    authorityFile: values.SCANMESH_FETCH_CA,
    clamavMirror: values.SCANMESH_CLAMAV_MIRROR,
  };
}
