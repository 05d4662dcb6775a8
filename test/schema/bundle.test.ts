import { describe, expect, it } from "vitest";
import { BUNDLE_CHUNK_BYTES, bundleChunks, bundleDigest, BundleManifest, encodeManifest } from "../../schema/bundle.js";

const SHA256 = "a".repeat(64);
const good: BundleManifest = {
  v: 1,
  engine: "ClamAV",
  set: "main",
  sequence: 1,
  kind: "FILES",
  version: "27500",
  date: "2026-01-02T03:04:05.000Z",
  files: [
    { path: "main.cvd", size: 5, sha256: SHA256 },
    { path: "daily.cvd", size: 7, sha256: "b".repeat(64) },
  ],
  image: null,
  positive: null,
};

const refusal = (change: object) => BundleManifest.safeParse({ ...good, ...change }).error?.issues[0]?.path[0];

describe("a bundle's manifest", () => {
  it("has the same digest whatever the order of its files, and another for other content", () => {
    const digest = bundleDigest(encodeManifest(good));
    expect(bundleDigest(encodeManifest({ ...good, files: good.files.toReversed() }))).toBe(digest);
    expect(bundleDigest(encodeManifest({ ...good, sequence: 2 }))).not.toBe(digest);
    expect(BundleManifest.parse(JSON.parse(encodeManifest(good).toString()))).toEqual({
      ...good,
      files: good.files.toReversed(),
    });
  });

  it.each(["../x", "/x", "a/../b", "a//b", ".hidden", "a/.b", "a\\b", "a\nb", "", "x".repeat(256), "a/"])(
    "refuses the path %j",
    (path) => {
      expect(refusal({ files: [{ path, size: 1, sha256: SHA256 }] })).toBe("files");
    },
  );

  it("takes paths in folders, with the names that signature files have", () => {
    const paths = ["daily.cvd", "rules/eicar.yar", "Sanesecurity ftm+v2,x@1=.ndb", "a/b/c_d-e.f"];
    expect(refusal({ files: paths.map((path) => ({ path, size: 1, sha256: SHA256 })) })).toBeUndefined();
  });

  it("refuses a name that is there twice, even in other letters", () => {
    const files = ["Main.cvd", "main.cvd"].map((path) => ({ path, size: 1, sha256: SHA256 }));
    expect(refusal({ files })).toBe("files");
  });

  it("has an image exactly when it is one, and no second test file from elsewhere", () => {
    const image = { reference: "example.org/av", id: `sha256:${SHA256}`, digest: null };
    expect(refusal({ image })).toBe("image");
    expect(refusal({ kind: "IMAGE" })).toBe("image");
    expect(refusal({ kind: "IMAGE", image, files: [] })).toBeUndefined();
    expect(refusal({ files: [] })).toBe("files");
    expect(refusal({ positive: "other.exe" })).toBe("positive");
  });
});

it("a file lies in whole chunks, an empty one in one", () => {
  expect([0, 1, BUNDLE_CHUNK_BYTES, BUNDLE_CHUNK_BYTES + 1].map(bundleChunks)).toEqual([1, 1, 1, 2]);
});
