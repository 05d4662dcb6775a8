/** Numbers from a seed: the same everywhere, at every run. */

/** A stream of numbers. */
export interface Random {
  /** From 0 to 2^32 - 1. */
  uint32(): number;
  /** From 0 inclusive to 1 exclusive. */
  unit(): number;
  /** Normally distributed, mean 0 and deviation 1. */
  normal(): number;
  fill(bytes: Uint8Array): void;
}

/** The stream that these whole numbers name; another list, even a longer one, names another stream. */
export function randomOf(...seed: readonly number[]): Random {
  let [x, y, z, w] = stateOf(seed);

  function uint32(): number {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  }

  const unit = () => uint32() / 2 ** 32;

  return {
    uint32,
    unit,
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    fill(bytes) {
      const words = new Int32Array(Math.ceil(bytes.length / 4));
      // As uint32() does it, on variables that stay in registers.
      let [a, b, c, d] = [x, y, z, w];
      for (let i = 0; i < words.length; i++) {
        const t = a ^ (a << 11);
        a = b;
        b = c;
        c = d;
        d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
        words[i] = d;
      }
      [x, y, z, w] = [a, b, c, d];
      bytes.set(new Uint8Array(words.buffer, 0, bytes.length));
    },
  };
}

/** Four words of 32 bits, all of which depend on every number of the seed. */
function stateOf(seed: readonly number[]): [number, number, number, number] {
  let mixed = 0x9e3779b9 | 0;
  const stir = (value: number) => {
    mixed = Math.imul(mixed ^ (value >>> 0), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed = (mixed ^ (mixed >>> 16)) + 0x9e3779b9;
    return mixed | 0;
  };
  for (const value of [seed.length, ...seed]) stir(value);
  // The generator needs a state that is not all zeros.
  return [stir(1), stir(2), stir(3), stir(4) | 1];
}
