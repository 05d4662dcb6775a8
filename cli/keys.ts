/**
 * `npm run keys -- FOLDER`: makes the keys of NATS's operator mode in a folder, for a mesh that is not started by `npm run up`.
 * With `--hand-out` it also gives each container of the mesh what it needs.
 */

import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { OperatorError } from "../schema/operator-error.js";
import { size } from "../schema/settings.js";
import { handOut, handOutCertificate } from "../standalone/hand-out.js";
import { makeKeys, type Keys } from "../standalone/keys.js";
import { print, runCommand } from "./command.js";

interface Options {
  readonly handOut?: string;
  readonly natsStore: string;
  readonly hostDir: string;
  readonly tlsNames: string;
  readonly renew: boolean;
}

const HOUR_MS = 3_600_000;

const program = new Command("keys")
  .description("Makes the keys and credentials of a mesh's NATS; what exists is kept.")
  .argument("<folder>", "where they are kept, readable by their owner only")
  .option("--hand-out <folder>", "also fill a folder for each container of the mesh: nats, postgres, gateway, agent-…")
  .option("--nats-store <size>", "what JetStream may use, such as 50GiB (without it 80 % of what is free at first)", "")
  .option("--host-dir <folder>", "SCANMESH_HOST_DIR of docker-compose.yml, to see that it is a path as it has to be", "")
  .option("--tls-names <names>", "names and addresses by which other hosts reach the mesh: makes a certificate for them", "")
  .option("--renew", "only look after that certificate, until it is told to stop", false)
  .action(async (folder: string, options: Options) => {
    const natsStore = bytes(options.natsStore);
    checkHostDir(options.hostDir);
    const names = options.tlsNames.split(",").filter((name) => name !== "" && name !== "0.0.0.0" && name !== "::");
    const keys = await makeKeys(resolve(folder));
    if (options.renew) return keepCertificate(keys, options.handOut, names);
    const { operator, signing, creds } = keys;
    const made = [operator.seedFile, ...Object.values(signing), creds.system, creds.resolver]
      .concat(Object.values(creds.gateway))
      .concat(Object.values(creds.agent));
    const given =
      options.handOut === undefined
        ? []
        : await handOut(keys, {
            folder: resolve(options.handOut),
            natsStore,
            names: options.tlsNames === "" ? undefined : names,
          });
    for (const file of [...made, ...given]) print(file);
  });

await runCommand(program);

/** Signs the certificate anew when it is time. What is handed out again is the same until then. */
async function keepCertificate(keys: Keys, folder: string | undefined, names: readonly string[]): Promise<void> {
  if (folder === undefined || names.length === 0) throw new OperatorError("--renew: needs --hand-out and --tls-names.");
  for (;;) {
    await handOutCertificate(keys, resolve(folder), names);
    await pause(HOUR_MS);
  }
}

/** An empty text counts as none, as it does for settings. */
function bytes(text: string): number | undefined {
  if (text === "") return undefined;
  const { success, data, error } = size.safeParse(text);
  if (success) return data;
  throw new OperatorError(
    `--nats-store: ${error.issues.map(({ message }) => message).join(", ")} (it is ${JSON.stringify(text)})`,
  );
}

/** Compose appends `-isolated` and `-internet` to it: after a slash, these would be folders in the one that agents of both classes read. */
function checkHostDir(folder: string): void {
  if (folder === "" || /^\/.*[^/]$/.test(folder)) return;
  const text = JSON.stringify(folder);
  throw new OperatorError(`SCANMESH_HOST_DIR: must be an absolute path without a slash at the end (it is ${text})`);
}
