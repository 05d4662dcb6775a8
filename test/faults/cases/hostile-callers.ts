/** Those whom the mesh serves, or whom it calls, and who do not do their part. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { ALL_BUT_AGENTS, type FaultCase } from "../case.js";
import { query } from "../workload/client.js";

const HANGS_MS = 15_000;
const DELIVERED_WITHIN_MS = 30_000;
const SOCKETS = 4;
const FLOOD_MS = 10_000;

const ADD = `mutation ($url: String!) { createWebhook(input: { url: $url, events: [SCAN_FINISHED] }) {
  ... on CreateWebhookSuccess { webhook { webhookId } } ... on UserError { message } } }`;
const REMOVE = "mutation ($id: SafeInt!) { deleteWebhook(webhookId: $id) { __typename } }";

interface Added {
  readonly createWebhook: { readonly webhook?: { readonly webhookId: number }; readonly message?: string };
}

export const hangingWebhook: FaultCase = {
  name: "hanging-webhook",
  about: "The receiver of a webhook takes connections and does not answer for 15 s; then it answers.",
  target: "bus",
  needs: ALL_BUT_AGENTS,
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  async run({ mesh }) {
    let hangs = true;
    let delivered = 0;
    const server = createServer((request, response) => {
      request.resume();
      if (hangs) return;
      delivered += 1;
      response.end("thanks");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const [gateway] = mesh.gateways;
    const { createWebhook } = await query<Added>(gateway.url, ADD, { url });
    if (createWebhook.webhook === undefined) throw new Error(`the webhook was not added: ${createWebhook.message}`);
    await pause(HANGS_MS);
    hangs = false;
    return async () => {
      for (const until = Date.now() + DELIVERED_WITHIN_MS; delivered === 0 && Date.now() < until;) await pause(200);
      await query(gateway.url, REMOVE, { id: createWebhook.webhook?.webhookId });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      return delivered === 0 ? ["nothing is delivered to a webhook whose receiver once hung"] : [];
    };
  },
};

export const silentWebSocket: FaultCase = {
  name: "silent-websocket",
  about: `${SOCKETS} WebSockets send pings with payloads for 10 s and read no answer.`,
  target: "bus",
  needs: ALL_BUT_AGENTS,
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  async run({ mesh }) {
    const url = `${mesh.gateways[0].url.replace("http", "ws")}/graphql`;
    const ping = JSON.stringify({ type: "ping", payload: { text: "x".repeat(64 * 1024) } });
    const sockets = await Promise.all(
      Array.from({ length: SOCKETS }, async () => {
        const socket = new WebSocket(url, "graphql-transport-ws");
        // The gateway may end it at any moment: that is what it is for.
        socket.on("error", () => undefined);
        await new Promise((resolve) => socket.once("open", resolve));
        socket.send(JSON.stringify({ type: "connection_init" }));
        await new Promise((resolve) => socket.once("message", resolve));
        socket.pause();
        return socket;
      }),
    );
    const flood = async (socket: WebSocket) => {
      const closed = once(socket, "close");
      for (const until = Date.now() + FLOOD_MS; Date.now() < until && socket.readyState === WebSocket.OPEN;) {
        await Promise.race([closed, new Promise<void>((resolve) => socket.send(ping, () => resolve()))]);
        await pause(1);
      }
    };
    await Promise.all(sockets.map(flood));
    for (const socket of sockets) socket.terminate();
  },
};
