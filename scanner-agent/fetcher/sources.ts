import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { MAIN_SET } from "../../schema/bundle.js";
import type { Manifest } from "../../schema/manifest.js";
import { OperatorError } from "../../schema/operator-error.js";
import type { UpdateSource } from "../../schema/update-source.js";
import { engineToken } from "../../schema/subjects.js";
import type { AgentConfig } from "../config.js";
import { reasonOf } from "../contract.js";
import { hasDaemon, openDaemon, type DockerDaemon } from "../runners/container/docker.js";
import { DEFAULT_SIGNATURES } from "../runners/clamd/database.js";
import { createFolderSource } from "./folder-source.js";
import { readFree, type ReadFree } from "./free-room.js";
import { createFreshclamSource } from "./freshclam.js";
import { createImageSource } from "./image-source.js";
import type { Source } from "./source.js";
import { createWebSource } from "./web-source.js";

/** What decides where a fetcher fetches from. */
export type FetchConfig = Pick<AgentConfig, "docker" | "programPath" | "clamavDb" | "yaraRules" | "fetch">;

/** All that this host can fetch for the mesh, of engines that run anywhere: whether they run here does not matter. */
export function createSources(
  manifests: readonly Manifest[],
  config: FetchConfig,
  log: Logger,
  read: ReadFree = readFree,
): Source[] {
  let docker: DockerDaemon | undefined;
  const daemon = () => (docker ??= openDaemon(config.docker));
  return manifests.flatMap((manifest) =>
    Object.entries(setsOf(manifest)).flatMap(([set, source]) => createSource(manifest, set, source) ?? []),
  );

  function createSource({ name, run }: Manifest, set: string, source: UpdateSource): Source | undefined {
    const { fetch, programPath } = config;
    const folder = join(fetch.folder, engineToken(name), set);
    const common = { engine: name, set, everyMs: source.every, folder, programPath, readFree: read };
    switch (source.source) {
      case "freshclam":
        if (fetch.clamavMirror?.startsWith("/")) return createFolderSource({ ...common, folder: fetch.clamavMirror });
        return createFreshclamSource({
          ...common,
          mirror: fetch.clamavMirror,
          databases: source.databases,
          proxy: fetch.proxy,
          authorityFile: fetch.authorityFile,
        });
      case "http":
        return createWebSource({ ...common, urls: source.urls, web: openWeb });
      case "folder": {
        const from = folderOf(source.folder);
        return from === undefined ? undefined : createFolderSource({ ...common, folder: from });
      }
      case "image":
        if (run.container === undefined || !hasDaemon(config.docker)) return undefined;
        return createImageSource({ ...common, reference: run.container.image, save: source.save, daemon: daemon(), log });
      default:
        return source satisfies never;
    }
  }

  function folderOf(name: string): string | undefined {
    if (name === "{clamav-db}") return config.clamavDb ?? DEFAULT_SIGNATURES;
    return name === "{yara-rules}" ? config.yaraRules : name;
  }

  async function openWeb() {
    const { proxy, authorityFile } = config.fetch;
    // Loaded only where something is fetched: it is large.
    const { createWebClient } = await import("./web-client.js");
    return createWebClient({ proxy, authority: authorityFile === undefined ? undefined : await readAuthority(authorityFile) });
  }
}

/** What is in a container has its image for a main set, unless its manifest says otherwise. */
function setsOf({ updates, run }: Manifest): Readonly<Record<string, UpdateSource>> {
  const image: UpdateSource = { source: "image", save: false };
  return run.container === undefined ? (updates ?? {}) : { [MAIN_SET]: image, ...updates };
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new OperatorError(`SCANMESH_FETCH_CA: ${reasonOf(cause)}.`, { cause });
  }
}
