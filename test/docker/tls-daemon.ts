/** The machine's Docker daemon behind TLS, as on another host: it takes those who show a certificate of its authority. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { promisify } from "node:util";

const SOCKET = process.env["DOCKER_HOST"]?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";

export interface TlsDaemon {
  /** As DOCKER_HOST takes it. */
  readonly host: string;
  /** As DOCKER_CERT_PATH takes it: what the daemon believes, and what somebody else has made for himself. */
  readonly certificates: string;
  readonly foreign: string;
  /** How many connections have been let in. */
  connections(): number;
  stop(): Promise<void>;
}

export async function tlsDaemon(): Promise<TlsDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-tls-"));
  const [certificates, foreign] = [join(folder, "own"), join(folder, "foreign")];
  await makeCertificates(certificates);
  await makeCertificates(foreign);
  const pem = (name: string) => readFile(join(certificates, name));
  const open = new Set<TLSSocket>();
  let connections = 0;
  const server = createServer(
    {
      ca: await pem("ca.pem"),
      cert: await pem("server.pem"),
      key: await pem("key.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (client) => {
      connections += 1;
      open.add(client);
      const daemon = connect({ path: SOCKET, allowHalfOpen: true });
      client.pipe(daemon).pipe(client);
      client.on("close", () => (open.delete(client), daemon.destroy()));
      daemon.on("close", () => client.destroy());
      // Either end may be gone first; the other is closed with it.
      for (const end of [client, daemon]) end.on("error", () => end.destroy());
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificates,
    foreign,
    connections: () => connections,
    async stop() {
      server.close();
      for (const client of open) client.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An authority, and under it one key with a certificate for the server at 127.0.0.1 and one for a client. */
async function makeCertificates(folder: string): Promise<void> {
  await mkdir(folder);
  const openssl = (...words: string[]) => promisify(execFile)("openssl", words, { cwd: folder });
  const authority = ["-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=test authority"];
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    ...authority,
  );
  const request = ["-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=test"];
  await openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", ...request);
  for (const [name, extensions] of [
    ["server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth"],
    ["cert", "extendedKeyUsage=clientAuth"],
  ] as const) {
    await writeFile(join(folder, "extensions"), extensions);
    const signing = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "extensions"];
    await openssl("x509", "-req", "-in", "request.pem", "-days", "2", "-out", `${name}.pem`, ...signing);
  }
}
