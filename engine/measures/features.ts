import * as tf from '@tensorflow/tfjs';
import type { Batch, Dataset, Split } from '../data/dataset';
import type { Network, Outputs } from '../models/network';
import { scanSplit } from '../training/scan';
import { measuredAtOnce, tallyOf, type TaskMeasures } from './measures';
import { solvePositive } from '../solvePositive';

/** Training samples that the probe learns from, spread evenly. */
const mostSamples = 2000;
/** Weight decay of the probe, on standardised features, per sample. */
const decay = 1e-2;
const neighbours = 20;
/** Sharpens the votes of the neighbours. */
const temperature = 0.07;
const flat = 1e-6;

/** Features [batch, dimensions]; a map is averaged over its positions. */
export const featuresOf = (logits: tf.Tensor): tf.Tensor2D =>
  logits.rank === 4 ? logits.mean([1, 2]) : logits.reshape([logits.shape[0] ?? 0, -1]);

/** The probe's memory of the training samples: everything is kept until `dispose`. */
interface Probe {
  /** Predicted class [batch] by a linear map of the standardised features. */
  linear(features: tf.Tensor2D): tf.Tensor1D;
  /** Predicted class [batch] by the nearest samples. */
  nearest(features: tf.Tensor2D): tf.Tensor1D;
  dispose(): void;
}

const readFeatures = async (network: Network, split: Split) => {
  const parts: { features: tf.Tensor2D; labels: tf.Tensor1D }[] = [];
  await scanSplit(split, measuredAtOnce(split), mostSamples, (batch) => {
    const { logits } = network.forward(batch.images, { taps: [], training: false });
    parts.push({ features: tf.keep(featuresOf(logits)), labels: tf.keep(batch.labels) });
  });
  const features = tf.concat(parts.map((part) => part.features));
  const labels = tf.concat(parts.map((part) => part.labels));
  tf.dispose(parts);
  return { features, labels };
};

/** Rows of length 1. */
const unit = (rows: tf.Tensor2D): tf.Tensor2D => rows.div(rows.norm(2, 1, true).maximum(1e-12));

/**
 * Ridge regression of one-hot labels on standardised features, in closed form: (XᵀX + λnI)⁻¹XᵀY, or with the samples'
 * products where they are fewer than the dimensions. Gives the weights [dimensions, classes].
 */
const solveRidge = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D => {
  const [samples, dimensions] = x.shape;
  const classes = y.shape[1];
  const isWide = dimensions > samples;
  const size = Math.min(samples, dimensions);
  const products = Float64Array.from(tf.matMul(x, x, !isWide, isWide).dataSync());
  for (let at = 0; at < size; at++)
    products[at * size + at] = (products[at * size + at] as number) + decay * samples;
  const right = Float64Array.from((isWide ? y : tf.matMul(x, y, true)).dataSync());
  const solved = tf.tensor2d(Float32Array.from(solvePositive(products, size, right, classes)), [
    size,
    classes,
  ]);
  return isWide ? tf.matMul(x, solved, true) : solved;
};

const makeProbe = (features: tf.Tensor2D, labels: tf.Tensor1D, classes: number): Probe => {
  const kept = tf.tidy(() => {
    const { mean, variance } = tf.moments(features, 0);
    const scale = tf.div(variance.greater(flat).toFloat(), variance.maximum(flat).sqrt());
    const standardised = features.sub(mean).mul<tf.Tensor2D>(scale);
    const named = tf.oneHot(labels, classes).toFloat() as tf.Tensor2D;
    const prior = named.mean(0);
    const weights = solveRidge(standardised, named.sub(prior));
    return { mean, scale, prior, weights, named, directions: unit(features) };
  });
  const { mean, scale, prior, weights, named, directions } = kept;
  const k = Math.min(neighbours, features.shape[0]);
  return {
    linear: (x) => tf.matMul(x.sub<tf.Tensor2D>(mean).mul<tf.Tensor2D>(scale), weights).add(prior).argMax(1),
    nearest: (x) => {
      const { values, indices } = tf.topk(tf.matMul(unit(x), directions, false, true), k);
      const votes = values.sub(1).div(temperature).exp().expandDims(2);
      return tf.gather(named, indices).mul(votes).sum(1).argMax(1);
    },
    dispose: () => tf.dispose(kept),
  };
};

const openProbe = async (network: Network, { train, classes }: Dataset): Promise<Probe> => {
  const { features, labels } = await readFeatures(network, train);
  try {
    return makeProbe(features, labels, classes.length);
  } finally {
    tf.dispose([features, labels]);
  }
};

/**
 * How much of the classes frozen features tell. `probe_acc`: accuracy of a linear classifier on them, fitted to the
 * training samples (2,000 at most) by ridge regression in closed form, so that no learning rate decides the figure.
 * `knn_acc`: accuracy of the 20 nearest training samples by cosine, each vote weighted with exp(cosine / 0.07) as by
 * Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination (2018), section 3.4.
 */
export const features: TaskMeasures = {
  metric: 'probe_acc',
  rising: true,
  start: async (network, dataset) => {
    const probe = await openProbe(network, dataset);
    let count = 0;
    const hits = (said: tf.Tensor1D, { labels }: Batch): tf.Scalar =>
      said.toInt().equal(labels).toFloat().sum<tf.Scalar>();
    const tally = tallyOf(
      ({ logits }: Outputs, batch) => {
        count += batch.labels.shape[0];
        const found = featuresOf(logits);
        return { probe_acc: hits(probe.linear(found), batch), knn_acc: hits(probe.nearest(found), batch) };
      },
      ({ probe_acc = NaN, knn_acc = NaN }) => ({ probe_acc: probe_acc / count, knn_acc: knn_acc / count }),
    );
    return {
      add: tally.add,
      finish: () => {
        probe.dispose();
        return tally.finish();
      },
    };
  },
};
