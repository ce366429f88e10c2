import type { Random } from '../random';

/**
 * Every sample once, in neighbouring pairs of one class, the pairs in random order: a batch of even size then holds no
 * sample that is alone in its class. Samples that are left over, one of each odd class, come last.
 * @param labels class of each sample
 */
export const pairedOrder = (labels: Int32Array, random: Random): Int32Array => {
  const waiting = new Map<number, number>();
  const pairs: [number, number][] = [];
  for (const sample of random.permutation(labels.length)) {
    const label = labels[sample] as number;
    const other = waiting.get(label);
    if (other === undefined) {
      waiting.set(label, sample);
    } else {
      pairs.push([other, sample]);
      waiting.delete(label);
    }
  }
  const shuffled = [...random.permutation(pairs.length)].flatMap((pair) => pairs[pair] as [number, number]);
  return Int32Array.from([...shuffled, ...waiting.values()]);
};
