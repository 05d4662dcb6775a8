import { readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import { pino } from "pino";
import { expect, it } from "vitest";
import { createProvision } from "../../../gateway/bus/provision.js";
import { RECORDER, RESULTS, resultSubject } from "../../../schema/subjects.js";
import { startNats } from "../../../standalone/nats.js";
import { useStage } from "../../stage/use-stage.js";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const stage = useStage();
const dir = () => join(stage.folder, "kept");

/** A server of the test's own, and a connection to it with a gateway's rights. */
async function start() {
  const server = await startNats({ dir: dir(), keys: stage.keys, room: { free: GIB, limit: GIB, reservable: GIB } });
  const authenticator = credsAuthenticator(readFileSync(stage.keys.creds.gateway.isolated));
  const nc = await connect({ servers: server.url, authenticator });
  return {
    nc,
    async stop() {
      await nc.close();
      await server.stop();
    },
  };
}

const stateOf = async (nc: NatsConnection) => (await (await nc.jetstreamManager()).streams.info(RESULTS)).state;

async function acknowledge(nc: NatsConnection, count: number): Promise<void> {
  const consumer = await nc.jetstream().consumers.get(RESULTS, RECORDER);
  for await (const message of await consumer.fetch({ max_messages: count })) await message.ackAck();
}

it("results that are recorded and that the server kept all the same are removed, and no others", async () => {
  const settings = {
    maxDeadlineMs: 60_000,
    scansMaxBytes: MIB,
    samplesMaxBytes: MIB,
    bundlesMaxBytes: MIB,
    ackWaitMs: 30_000,
    replicas: 1,
  };
  const provision = createProvision("isolated", settings, pino({ level: "silent" }), () => undefined);
  const messages = join(dir(), "store", "jetstream", stage.keys.accounts.isolated.publicKey, "streams", RESULTS, "msgs");
  const kept = join(dir(), "before");

  const first = await start();
  await provision.ensure(first.nc);
  for (let n = 0; n < 3; n++) await first.nc.jetstream().publish(resultSubject("Alpha"), String(n));
  await first.stop();
  await cp(messages, kept, { recursive: true });

  const second = await start();
  await acknowledge(second.nc, 3);
  expect((await stateOf(second.nc)).messages).toBe(0);
  await second.stop();
  // What it removed is there again, as after a removal that did not reach the disk.
  await rm(messages, { recursive: true });
  await cp(kept, messages, { recursive: true });

  const third = await start();
  await third.nc.jetstream().publish(resultSubject("Alpha"), "new");
  expect((await stateOf(third.nc)).messages).toBe(4);
  await provision.ensure(third.nc);
  expect(await stateOf(third.nc)).toMatchObject({ messages: 1, first_seq: 4 });
  await third.stop();
});
