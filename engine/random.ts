import seedrandom from 'seedrandom';

/** A seeded stream of random numbers: the same name gives the same numbers on every machine. */
export class Random {
  private readonly next: seedrandom.PRNG;

  constructor(readonly name: string) {
    this.next = seedrandom.alea(name);
  }

  /** In [0, 1). */
  uniform(): number {
    return this.next();
  }

  /** In 0 .. count - 1. */
  integer(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** 0 .. count - 1 in random order (Fisher and Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const kept = order[last] as number;
      order[last] = order[other] as number;
      order[other] = kept;
    }
    return order;
  }
}

/**
 * Runs `work` with `Math.random` drawn from `name`. tfjs initialisers and dropout without a seed of their own use
 * `Math.random`, so this makes them repeatable. `work` must be synchronous.
 */
export const withSeed = <T>(name: string, work: () => T): T => {
  const original = Math.random;
  Math.random = seedrandom.alea(name);
  try {
    return work();
  } finally {
    Math.random = original;
  }
};
