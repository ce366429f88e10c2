import * as tf from '@tensorflow/tfjs';
import { batchNorm, conv, sequence } from '../adapters/modules';
import type { Random } from '../random';
import type { Module } from './method';

const pooled = (x: tf.Tensor, pool: number): tf.Tensor =>
  pool > 1 ? tf.maxPool(x as tf.Tensor4D, pool, pool, 'valid') : x;

const flat = (x: tf.Tensor): tf.Tensor3D => {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return x.reshape([batch, height * width, channels]);
};

/**
 * x + BN(W · ((θᵀφ) / M · g)): every position sees all others by the product of two projections, without softmax, M the
 * number of pooled positions. The normalisation starts at scale 0, so that the block changes nothing at first.
 * Wang et al., Non-local Neural Networks (CVPR 2018), dot product.
 * @param shape of a map, [height, width, channels]
 */
export const nonLocal = (
  [height, width, channels]: readonly [number, number, number],
  random: Random,
  name: string,
): Module => {
  const inner = Math.max(1, Math.floor(channels / 2));
  const pool = Math.min(height, width) >= 4 ? 2 : 1;
  const project = (part: string): Module =>
    conv(channels, inner, { size: 1, kind: 'same' }, random, `${name}/${part}`);
  const [theta, phi, g] = [project('theta'), project('phi'), project('g')];
  const norm = batchNorm(channels, `${name}/out`);
  const scale = norm.variables.get(`${name}/out/gamma`) as tf.Variable;
  tf.tidy(() => scale.assign(tf.zerosLike(scale)));
  const out = sequence(conv(inner, channels, { size: 1, kind: 'same' }, random, `${name}/out`), norm);
  return {
    variables: new Map([theta, phi, g, out].flatMap(({ variables }) => [...variables])),
    statistics: out.statistics ?? new Map(),
    apply: (x, training) => {
      const [query, key, value] = [
        flat(theta.apply(x, training)),
        flat(pooled(phi.apply(x, training), pool)),
        flat(pooled(g.apply(x, training), pool)),
      ];
      const seen = query.matMul(key, false, true).div<tf.Tensor3D>(key.shape[1]).matMul(value);
      const [batch, rows, columns] = x.shape as [number, number, number];
      return x.add(out.apply(seen.reshape([batch, rows, columns, inner]), training));
    },
  };
};
