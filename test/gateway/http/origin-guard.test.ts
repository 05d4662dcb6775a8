import { describe, expect, it } from "vitest";
import { refusal } from "../../../gateway/http/origin-guard.js";

const CONFIG = {
  auth: "off" as const,
  hosts: ["scan.example.org", "fd00::1"],
  origins: ["https://soc.example.org"],
};

const get = (host: string | undefined, origin?: string) =>
  refusal(CONFIG, { method: "GET", headers: headers(host, origin), isGuarded: false, isOld: false });
const post = (host: string, origin?: string) =>
  refusal(CONFIG, { method: "POST", headers: headers(host, origin), isGuarded: false, isOld: false });

function headers(host: string | undefined, origin: string | undefined) {
  return { ...(host === undefined ? {} : { host }), ...(origin === undefined ? {} : { origin }) };
}

describe("the Host rule", () => {
  it.each([
    "localhost",
    "LocalHost:8080",
    "127.0.0.1",
    "127.8.9.10:1",
    "[::1]:8080",
    "[::1]",
    "scan.example.org:443",
    "SCAN.example.org",
    "[fd00::1]:80",
  ])("lets %s in", (host) => expect(get(host)).toBeUndefined());

  it.each([
    "evil.example.org",
    "localhost.evil.org",
    "127.0.0.1.evil.org",
    "127.evil",
    "128.0.0.1",
    "0.0.0.0",
    "[::2]",
    "evil@localhost",
    "localhost:8080:80",
    "localhost,evil.org",
    "",
    undefined,
  ])("refuses to answer as %s, even a read", (host) => expect(get(host)).toMatch(/Host/));
});

describe("the Origin rule", () => {
  it("lets programs pass, which send none", () => expect(post("localhost:8080")).toBeUndefined());
  it("lets the gateway's own page pass", () => expect(post("localhost:8080", "http://localhost:8080")).toBeUndefined());
  it("knows its own page behind a proxy that speaks TLS", () =>
    expect(post("scan.example.org", "https://scan.example.org")).toBeUndefined());
  it("lets a listed origin pass", () => expect(post("localhost:8080", "https://soc.example.org")).toBeUndefined());

  it.each([
    "https://evil.example.org",
    "http://localhost:3000",
    "http://127.0.0.1:8080",
    "https://soc.example.org.evil.org",
    "http://soc.example.org",
    "https://soc.example.org/",
    "null",
    "",
    "file://",
    "chrome-extension://localhost:8080",
  ])("refuses a change by a page of %s", (origin) => expect(post("localhost:8080", origin)).toMatch(/Origin/));

  it("lets any page send a plain read, whose answer its browser will not show it", () => {
    expect(get("localhost", "https://evil.example.org")).toBeUndefined();
  });

  it("refuses to stream to, or run GraphQL for, a foreign page even by GET", () => {
    expect(
      refusal(CONFIG, {
        method: "GET",
        headers: headers("localhost", "https://evil.example.org"),
        isGuarded: true,
        isOld: false,
      }),
    ).toMatch(/Origin/);
  });
});
