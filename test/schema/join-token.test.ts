import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { joinLines } from "../../schema/join-lines.js";
import {
  deriveJoinKeys,
  formatJoinToken,
  generateJoinSecret,
  joinerKey,
  parseJoinToken,
  tokenAddress,
  UnreadableToken,
} from "../../schema/join-token.js";
import { projectPath } from "../../schema/paths.js";

const secret = generateJoinSecret();
const gateway = "https://scan.example.org:8443/ab";

describe("a join token", () => {
  it.each([gateway, "http://scan.example.org:8080/abc", "http://127.0.0.1:8080", "https://[fd00::1]:8443/mesh"])(
    "carries the address %s and the secret",
    (address) => {
      expect(parseJoinToken(formatJoinToken({ gateway: address, secret }))).toEqual({ gateway: address, secret });
    },
  );

  it.each(["https://h/$(id)", "https://h/a;b", "https://h/a'b", "http://$(id)/", "https://h/a b", "https://h/a|b", "ftp://h/"])(
    "carries no address that a shell would read otherwise: %s",
    (address) => expect(tokenAddress(address)?.replaceAll(/[\w.:/~%[\]-]/g, "") ?? "").toBe(""),
  );

  it("is short enough for the lines that are printed", () => {
    for (const address of [gateway, "http://scan.example.org:8080/abc"]) {
      expect(address).toHaveLength(32);
      const text = formatJoinToken({ gateway: address, secret });
      expect(text).toMatch(/^smj1_[\w-]+$/);
      const longest = { CLONE: 160, DOCKER: 160, SCRIPT: 200 };
      const lines = joinLines(text, { image: "localhost/scanmesh/agent", pin: `sha256//${"A".repeat(43)}=` });
      expect(lines.map(({ method }) => method)).toEqual(Object.keys(longest));
      for (const { method, text: line } of lines) expect(line.length).toBeLessThanOrEqual(longest[method]);
    }
  });

  it("makes lines as long as the documents say", () => {
    const text = formatJoinToken({ gateway, secret });
    const lengths = (pin?: string) => joinLines(text, { image: "localhost/scanmesh/agent", pin }).map((line) => line.text.length);
    const [clone, docker, script] = lengths();
    const [, , pinned] = lengths(`sha256//${"A".repeat(43)}=`);
    const page = readFileSync(projectPath("docs", "run", "hosts.md"), "utf8");
    expect([...page.matchAll(/^\| .* smj1_….* \| (\d+.*) \|$/gm)].map(([, told]) => told)).toEqual([
      `${script}, or ${pinned} with the hash of the gateway's key`,
      `${docker}`,
      `${clone}`,
    ]);
  });

  it("that was cut, or of which a character changed, says so", () => {
    const text = formatJoinToken({ gateway, secret });
    const problem = (written: string) => {
      try {
        parseJoinToken(written);
      } catch (error) {
        if (error instanceof UnreadableToken) return error.problem;
        throw error;
      }
      return undefined;
    };
    for (let length = 5; length < text.length; length++) expect(problem(text.slice(0, length))).toBe("TOKEN_INCOMPLETE");
    for (let i = 5; i < text.length - 1; i++)
      expect(problem(text.slice(0, i) + (text[i] === "A" ? "B" : "A") + text.slice(i + 1))).toBe("TOKEN_INCOMPLETE");
    for (const other of ["", "smj1", "sm_0123456789ab_x", gateway]) expect(problem(other)).toBe("NO_TOKEN");
  });

  it("is not told by what the gateway stores", () => {
    const { id, storedKey, serverKey } = deriveJoinKeys(secret);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    for (const stored of [storedKey, serverKey, Buffer.from(id, "hex")]) {
      expect(stored.includes(secret)).toBe(false);
      expect(stored.equals(joinerKey(secret))).toBe(false);
    }
    expect(deriveJoinKeys(secret)).toEqual(deriveJoinKeys(Buffer.from(secret)));
  });

  it("takes addresses of gateways and no others", () => {
    expect(tokenAddress("https://scan.example.org/")).toBe("https://scan.example.org");
    expect(tokenAddress("http://10.0.0.5:8080/mesh/")).toBe("http://10.0.0.5:8080/mesh");
    for (const other of ["", "scan", "ftp://a", "https://u:p@a", "https://a?b", "https://a/#b", `https://${"a".repeat(200)}`])
      expect(tokenAddress(other)).toBeUndefined();
  });
});
