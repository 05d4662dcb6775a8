/** The bare path: the mesh's architecture without the product's code, on servers of its own with the same settings. */

import { projectPath } from "../../schema/paths.js";
import type { OwnEngine } from "./engines.js";
import { openScans, type ScansSamples } from "./mesh.js";
import { startServers, type ServersOptions } from "./servers.js";
import { openBareSubscriber } from "./bare-subscriber.js";

const BARE = ["dist", "bench", "test", "bench", "bare"] as const;

export async function startBareMesh(engine: OwnEngine, options?: ServersOptions): Promise<ScansSamples> {
  const servers = await startServers(options);
  try {
    const { creds } = servers;
    const gatewayEnv = { DATABASE_URL: servers.postgresUrlOfParts, CREDS: creds.gateway.isolated };
    const { url } = await servers.run("gateway", [projectPath(...BARE, "gateway.js")], gatewayEnv).message("listening");
    const script = [projectPath(...BARE, "agent.js"), engine.own, String(engine.setting)] as const;
    await servers.run("agent", script, { CREDS: creds.agent.isolated }).message("ready");
    const scans = await openScans(servers, { url, contentType: "application/octet-stream", expected: "INCONCLUSIVE" });
    return { ...scans, bodyOf: (sample) => Buffer.from(sample), openSubscriber: () => openBareSubscriber(url) };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}
