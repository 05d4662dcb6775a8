/** The product and the bare path, started beside each other to be measured in turn. */

import { startBareMesh } from "./bare-mesh.js";
import type { Bench } from "./bench.js";
import { NULL_ENGINE, type OwnEngine } from "./engines.js";
import { startMesh, type BenchMesh, type ScansSamples } from "./mesh.js";

/** Both, with the same engine. */
export interface Pair {
  readonly product: BenchMesh;
  readonly bare: ScansSamples;
  stop(): Promise<void>;
}

/** The engine is one that answers at once, unless another is named. */
export async function startPair({ counts }: Bench, engine: OwnEngine = NULL_ENGINE): Promise<Pair> {
  const options = { counting: counts };
  const product = await startMesh(engine, Buffer.from("first"), options);
  try {
    const bare = await startBareMesh(engine, options);
    const stop = async () => {
      await bare.stop();
      await product.stop();
    };
    return { product, bare, stop };
  } catch (error) {
    await product.stop();
    throw error;
  }
}
