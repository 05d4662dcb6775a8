/** `GET /join`: the script with which a bare host joins, and the files it installs. None of them is secret. */

import { open, readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { pinOptions } from "../../schema/join-lines.js";
import { JOIN_PATH } from "../../schema/join-messages.js";
import { projectPath } from "../../schema/paths.js";
import { ownVersion } from "../../schema/version.js";
import { GatewayError } from "../errors.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { baseUrl, hostOf } from "../http/request.js";
import { createAgentFiles, type AgentFile, type AgentFiles } from "../join/agent-files.js";
import { createDownloadPlaces } from "../join/download-places.js";
import { readPin } from "../join/token-lines.js";
import type { ScanContext } from "../scan/context.js";

const PLACE = "#OFFER\n";

export async function joinFileRoutes(app: FastifyInstance, { config, log }: Pick<ScanContext, "config" | "log">): Promise<void> {
  const files = createAgentFiles(config, log);
  const script = await readFile(projectPath("gateway", "join", "join.sh"), "utf8");
  const places = createDownloadPlaces();

  app.get(JOIN_PATH, OPEN_ROUTE, async (request, reply) => {
    // The requested address, not the public one, because the certificate may be valid only for it.
    const asked = baseUrl({ publicUrl: undefined }, hostOf(request), request.raw.socket);
    const pin = await readPin(config, asked);
    const offered = await offer(files, pin === undefined ? "" : pinOptions(pin));
    return reply
      .type("text/plain; charset=utf-8")
      .header("cache-control", "no-store")
      .send(script.replace(PLACE, () => offered));
  });

  const whole = { ...OPEN_ROUTE, exposeHeadRoute: false };
  app.get<{ Params: { name: string } }>(`${JOIN_PATH}/:name`, whole, async ({ ip, params: { name } }, reply) => {
    const file = await findFile(files, name);
    if (file === undefined) throw new GatewayError("NOT_FOUND", "there is no such file for hosts that join");
    const handle = await open(file.path);
    const content = handle.createReadStream({ end: file.bytes - 1 });
    try {
      places.take(ip, content);
    } catch (error) {
      content.destroy();
      throw error;
    }
    return reply.type("application/octet-stream").header("content-length", file.bytes).send(content);
  });
}

async function findFile(files: AgentFiles, name: string): Promise<AgentFile | undefined> {
  const image = await files.findImage();
  if (name === image?.name) return image;
  const made = name.startsWith("package-") ? await files.findPackage() : undefined;
  return typeof made === "object" && name === made.name ? made : undefined;
}

/** The values for the script, as shell assignments. */
async function offer(files: AgentFiles, curlOptions: string): Promise<string> {
  const [made, image] = await Promise.all([files.findPackage(), files.findImage()]);
  const [file, problem] = typeof made === "string" ? [undefined, made] : [made, ""];
  const values = {
    version: ownVersion(),
    platform: files.platform,
    package: file?.name ?? "",
    package_sha256: file?.sha256 ?? "",
    package_problem: problem,
    image: image?.name ?? "",
    image_sha256: image?.sha256 ?? "",
    curl_options: curlOptions,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}
