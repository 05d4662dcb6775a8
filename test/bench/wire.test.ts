import { describe, expect, it } from "vitest";
import { watchNats } from "./trace/nats-wire.js";
import { watchPostgres } from "./trace/postgres-wire.js";
import { createSteps } from "./trace/steps.js";

function noting() {
  const steps: string[] = [];
  return { steps, note: (step: string, by: string) => void steps.push(`${by}: ${step}`) };
}

describe("steps on the wire to nats-server", () => {
  it("are found however the bytes are cut, with the server's answers to them", () => {
    const { steps, note } = noting();
    const wire = watchNats("gateway", note);
    const sent = Buffer.from("HPUB sample.a.0 _INBOX.x.1 4 9\r\nhead\r\n\r\nz\r\nPING\r\nPUB live.scan 2\r\n{}\r\n");
    for (const byte of sent) wire.toServer(Buffer.from([byte]));
    wire.fromServer(Buffer.from("PONG\r\nMSG _INBOX.x.1 1 3\r\nack\r\nMSG result.null 2 $JS.ACK.RESULTS.r.1 2\r\n{}\r\n"));
    expect(steps).toEqual([
      "gateway: chunk published",
      "gateway: hint published",
      "nats-server: chunk stored",
      "nats-server: result delivered to the gateway",
    ]);
  });
});

describe("steps on the wire to Postgres", () => {
  const framed = (type: string, body: string) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeUInt32BE(4 + body.length, 1);
    return Buffer.concat([head, Buffer.from(body)]);
  };

  it("are statements by their names or by their text", () => {
    const { steps, note } = noting();
    const wire = watchPostgres("gateway", note);
    wire.toServer(Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]));
    wire.fromServer(framed("Z", "I"));
    wire.toServer(Buffer.concat([framed("B", "\0accept\0"), framed("E", "\0"), framed("S", "")]));
    wire.toServer(framed("Q", "begin\0"));
    wire.fromServer(Buffer.concat([framed("Z", "I"), framed("Z", "T")]));
    expect(steps).toEqual([
      'gateway: "accept" asked',
      'gateway: "begin" asked',
      'Postgres: "accept" done',
      'Postgres: "begin" done',
    ]);
  });
});

describe("steps of scans", () => {
  it("are those that most scans have, a second one of a kind by its number", () => {
    const steps = createSteps();
    steps.note("before any scan", "nobody");
    for (const extra of [["sweep"], [], []]) {
      steps.begin();
      for (const step of [...extra, "asked", "done", "asked"]) steps.note(step, "gateway");
    }
    expect(steps.table("").rows.map(([step]) => step)).toEqual(["asked", "done", "asked #2"]);
  });
});
