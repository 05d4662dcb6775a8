import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

/** The names in the certificate that a nats-server shows to whoever believes an authority. */
export function certificateOfNats(url: string, ca: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const plain = connectTcp(Number(port), hostname);
    plain.once("error", reject);
    plain.once("data", () => {
      plain.removeAllListeners();
      const socket = connectTls({ socket: plain, ca, checkServerIdentity: () => undefined }, () => {
        resolve(socket.getPeerX509Certificate()?.subjectAltName ?? "");
        socket.destroy();
      });
      socket.once("error", reject);
    });
  });
}
