import { describe, expect, it } from "vitest";
import { isAllowed } from "../../../gateway/webhooks/webhook-request.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { CREATE_WEBHOOK, startReceiver, type CreatedWebhook } from "./webhook-receiver.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const receiver = prepared(startReceiver, ({ close }) => close());

async function create(input: object): Promise<CreatedWebhook> {
  const whole = { url: "https://192.0.43.8/hook", events: ["SCAN_FINISHED"], ...input };
  return (await data<{ createWebhook: CreatedWebhook }>(gateway.url, CREATE_WEBHOOK, { input: whole })).createWebhook;
}

describe("a receiver inside of the network", () => {
  it.each([
    ["127.0.0.1", false],
    ["10.1.2.3", false],
    ["172.16.0.1", false],
    ["192.168.1.1", false],
    ["169.254.169.254", false],
    ["100.64.0.1", false],
    ["0.0.0.0", false],
    ["224.0.0.1", false],
    ["::1", false],
    ["::", false],
    ["fe80::1", false],
    ["fd00::1", false],
    ["::ffff:127.0.0.1", false],
    ["64:ff9b::7f00:1", false],
    ["2002:7f00:1::", false],
    ["::7f00:1", false],
    ["::10.1.2.3", false],
    ["::8.8.8.8", false],
    ["64:ff9b:1::a01:203", false],
    ["::ffff:0:7f00:1", false],
    ["2001:0:4136:e378::7f00:1", false],
    ["2001:db8::1", false],
    ["3fff::1", false],
    ["fec0::1", false],
    ["4000::1", false],
    ["ff02::1", false],
    ["100::1", false],
    ["198.18.0.1", false],
    ["192.0.0.8", false],
    ["192.88.99.1", false],
    ["203.0.113.1", false],
    ["240.0.0.1", false],
    ["255.255.255.255", false],
    ["8.8.8.8", true],
    ["2606:4700::1111", true],
  ])("%s is allowed: %s", (address, allowed) => {
    expect(isAllowed(address, [])).toBe(allowed);
  });

  it("is allowed where the setting says so, and only there", () => {
    expect(isAllowed("10.1.2.3", ["10.1.0.0/16"])).toBe(true);
    expect(isAllowed("::ffff:10.1.2.3", ["10.1.0.0/16"])).toBe(true);
    expect(isAllowed("10.2.2.3", ["10.1.0.0/16"])).toBe(false);
    expect(isAllowed("fd00::1", ["10.1.0.0/16", "fd00::/8"])).toBe(true);
  });

  it("is refused by its address after the name is resolved, when it is added and when it is sent to", async () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "169.254.169.254"]) {
      expect({ host, ...(await create({ url: receiver.url.replace("127.0.0.1", host) })) }).toMatchObject({
        host,
        code: "BAD_INPUT",
        path: ["input", "url"],
        message: expect.stringMatching(/^url: .* is no public address/),
      });
    }
    for (const host of ["localhost", "127.0.0.1"]) {
      await stage.db
        .insertInto("webhooks")
        .values({ url: receiver.url.replace("127.0.0.1", host), events: ["SCAN_FINISHED"], secret: Buffer.alloc(32) })
        .execute();
    }
    const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
      gateway.url,
      `mutation { submitScan(input: { base64: "aW5zaWRl" }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    );
    await agent.answer("Alpha", { scan: submitScan.scan.scanId, verdict: "CLEAN" });
    const entries = await until("both were tried", async () => {
      const rows = await stage.db.selectFrom("webhook_deliveries").selectAll().execute();
      return rows.length === 2 && rows.every(({ last_error }) => last_error !== null) ? rows : undefined;
    });
    for (const entry of entries) {
      const last_error = expect.stringMatching(/is no public address/);
      expect(entry).toMatchObject({ state: "PENDING", last_status: null, last_error });
    }
    expect(receiver.received).toEqual([]);
    await stage.db.deleteFrom("webhooks").execute();
  });
});

it.each([
  [{ url: "nothing" }, "url: is not an address"],
  [{ url: "ftp://8.8.8.8/" }, "url: must begin with https:// or http://"],
  [{ url: "https://user:word@example.org/" }, "url: must not hold a user or a password: deliveries are signed"],
  [{ url: `https://example.org/${"x".repeat(2_048)}` }, "url: has 2068 characters; 2048 is the most"],
  [{ events: [] }, "events: names none"],
  [{ secret: "whsec_c2hvcnQ=" }, "secret: must be whsec_ and the base64 of 24 to 64 bytes"],
  [{ secret: "x".repeat(40) }, "secret: must be whsec_ and the base64 of 24 to 64 bytes"],
])("a webhook of %j is refused", async (input, message) => {
  expect(await create(input)).toMatchObject({ code: "BAD_INPUT", message, path: ["input", message.split(":")[0]] });
  expect(await data(gateway.url, "{ webhooks { webhookId } }")).toEqual({ webhooks: [] });
});
