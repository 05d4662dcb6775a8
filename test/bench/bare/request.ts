/** A request of the bare path, of the same size as the product's. */
export interface BareRequest {
  readonly v: 1;
  readonly scan: number;
  readonly sample: BareSample & { readonly mime: string };
  readonly engines: readonly string[];
  readonly timeoutMs: number;
}

export interface BareSample {
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly size: number;
  readonly blob: string;
}
